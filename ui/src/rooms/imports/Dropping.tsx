import { InboxOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Alert, Button, Card, Flex, Progress, Typography, Upload } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, api, data } from '@/api/client'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'
import { fileFault } from './faults'
import { BAR } from './look'
import { unfit, upload } from './upload'

interface Sending {
  name: string
  share: number
}

/** When the session has ended, a person signs in over the page (any call asks for it), and the file is sent again. */
async function renewed<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error
    await data(api.GET('/api/team/me'))
    return send()
  }
}

/** A place to drop a file or choose one; how far it is sent, and why it was not taken. */
export function Dropping() {
  const t = useSay()
  const { i18n } = useTranslation()
  const say = useFault()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [sending, setSending] = useState<Sending | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const stop = useRef<AbortController | null>(null)
  useEffect(() => () => stop.current?.abort(), [])

  async function send(file: File) {
    const control = new AbortController()
    stop.current = control
    setSending({ name: file.name, share: 0 })
    setFault(null)
    try {
      const made = await renewed(() => upload(file, (share) => setSending({ name: file.name, share }), control.signal))
      client.setQueryData(['import', made.import_id], made)
      void client.invalidateQueries({ queryKey: ['imports'] })
      await navigate({ to: '/imports/$id', params: { id: String(made.import_id) } })
    } catch (error) {
      if (!control.signal.aborted) setFault((i18n.language === 'zh' && fileFault(error, t)) || say(error))
      setSending(null)
    }
  }

  function take(file: File, files: File[]) {
    if (files.length > 1) return file === files[0] && setFault(t('imports.one_only'))
    const word = unfit(file)
    if (word) setFault(`${file.name}：${t(`import.unread.${word}`)}`)
    else void send(file)
  }

  return (
    <>
      {sending ? (
        <Card style={{ marginBottom: 12 }}>
          <Flex vertical gap={4} role="status">
            <Typography.Text>{t('imports.uploading', { name: sending.name })}</Typography.Text>
            <Progress
              aria-label={t('imports.uploading', { name: sending.name })}
              percent={Math.floor(sending.share * 100)}
              status="active"
              strokeColor={BAR.running}
            />
            <Flex justify="space-between" align="center" wrap gap={8}>
              <Typography.Text type="secondary">
                {t(sending.share < 1 ? 'imports.stay' : 'imports.reading')}
              </Typography.Text>
              <Button size="small" onClick={() => stop.current?.abort()}>
                {t('imports.stop')}
              </Button>
            </Flex>
          </Flex>
        </Card>
      ) : (
        <Upload.Dragger
          multiple
          // The library would leave other files aside without a word.
          accept={{ format: '.csv,.txt,.tsv,.xlsx', filter: 'native' }}
          showUploadList={false}
          beforeUpload={(file, files) => {
            take(file, files)
            return false
          }}
          style={{ background: '#fff', marginBottom: 12 }}
        >
          <p className="ant-upload-drag-icon">
            <InboxOutlined style={{ color: 'var(--siyu-green)' }} />
          </p>
          <p className="ant-upload-text">{t('imports.drop')}</p>
          <p className="ant-upload-hint">{t('imports.drop_hint')}</p>
        </Upload.Dragger>
      )}
      {fault && (
        <Alert
          type="error"
          showIcon
          closable={{ onClose: () => setFault(null) }}
          style={{ margin: '12px 0' }}
          title={fault}
        />
      )}
    </>
  )
}

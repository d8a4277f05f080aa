import { DeleteOutlined, UploadOutlined } from '@ant-design/icons'
import { Button, Flex, Progress, Typography, Upload } from 'antd'
import { useState } from 'react'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { type Uploaded, upload } from './upload'

const IMAGES = '.png,.jpg,.jpeg,.gif,.webp'

/** Takes a PDF or an image; says what is chosen, and how far the upload is. */
export function UploadFile({
  label,
  value,
  pdf = false,
  change,
}: {
  label: string
  value: number | null | undefined
  pdf?: boolean
  change: (file: number | undefined) => void
}) {
  const t = useSay()
  const tell = useTell()
  const [gone, setGone] = useState<number | null>(null)
  const [file, setFile] = useState<Uploaded | null>(null)
  async function take(chosen: File) {
    setGone(0)
    try {
      const kept = await upload(chosen, setGone)
      if ((kept.kind === 'pdf') !== pdf) return tell.say(t(pdf ? 'content.only_pdf' : 'content.only_image'))
      setFile(kept)
      change(kept.file_id)
    } catch (error) {
      tell.failed(error)
    } finally {
      setGone(null)
    }
  }
  return (
    <Flex gap={12} align="center" wrap>
      {value != null && (
        <img
          src={pdf ? `/api/content/files/${value}/pages/1` : `/m/${value}`}
          alt=""
          className={pdf ? 'content-sheet' : 'content-picture'}
        />
      )}
      <Flex vertical gap={4}>
        <Flex gap={8}>
          <Upload
            accept={pdf ? '.pdf' : IMAGES}
            showUploadList={false}
            beforeUpload={(chosen) => {
              void take(chosen)
              return false
            }}
          >
            <Button icon={<UploadOutlined />} loading={gone !== null} aria-label={label}>
              {t(value == null ? (pdf ? 'content.upload_pdf' : 'content.upload_image') : 'content.upload_other')}
            </Button>
          </Upload>
          {value != null && !pdf && (
            <Button
              icon={<DeleteOutlined />}
              aria-label={t('content.remove', { what: label })}
              onClick={() => change(undefined)}
            />
          )}
        </Flex>
        {gone !== null && <Progress percent={Math.round(gone * 100)} size="small" style={{ width: 180 }} />}
        <Typography.Text type="secondary">
          {file && file.file_id === value
            ? [file.name, file.pages && t('content.pages_count', { count: file.pages })].filter(Boolean).join(' · ')
            : t(pdf ? 'content.pdf_limits' : 'content.image_limits')}
        </Typography.Text>
      </Flex>
    </Flex>
  )
}

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Checkbox, Flex, Input, Modal, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { readNotice } from './notice'

type Year = components['schemas']['YearBody']

/** A year's notice pasted as lines, in place of what was entered for it before. */
export function Import({ year, close }: { year: Year; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const own = year.days.filter((one) => one.own)
  const [text, setText] = useState(
    own
      .map((one) => `${one.day} ${t(`workdays.mark.${one.kind === 'holiday' ? 'off' : 'worked'}`)} ${one.name}`)
      .join('\n'),
  )
  const [known, setKnown] = useState(!year.known || year.declared)
  const read = readNotice(text, year.year)
  const saving = useMutation({
    mutationFn: () =>
      data(
        api.PUT('/api/workdays/years/{year}', {
          params: { path: { year: year.year } },
          body: { days: read.days ?? [], known },
        }),
      ),
    onSuccess: async () => {
      tell.done(t('workdays.saved'))
      close()
      await Promise.all([
        client.invalidateQueries({ queryKey: ['workdays'] }),
        client.invalidateQueries({ queryKey: ['calendar'] }),
      ])
    },
    onError: tell.failed,
  })
  const count = (mark: 'off' | 'worked') => read.days?.filter((one) => one.mark === mark).length ?? 0
  return (
    <Modal
      open
      title={t('workdays.import_title', { year: String(year.year) })}
      okText={t('shared.save')}
      okButtonProps={{ disabled: read.bad !== null, loading: saving.isPending }}
      onOk={() => saving.mutate()}
      onCancel={close}
    >
      <Typography.Paragraph type="secondary">{t('workdays.import_hint')}</Typography.Paragraph>
      <Input.TextArea
        rows={10}
        value={text}
        onChange={(event) => setText(event.target.value)}
        aria-label={t('workdays.import')}
        placeholder={`${year.year}-01-01 至 ${year.year}-01-03 放假 元旦\n${year.year}-02-14 上班`}
      />
      <Flex vertical gap={8} style={{ marginTop: 8 }}>
        {read.bad ? (
          <Typography.Text type="danger">
            {t(`workdays.${read.bad.why}`, { line: read.bad.line, text: read.bad.text, year: String(year.year) })}
          </Typography.Text>
        ) : (
          <Typography.Text type="secondary">
            {t('workdays.found', { off: count('off'), worked: count('worked') })}
          </Typography.Text>
        )}
        {(!year.known || year.declared) && (
          <Checkbox checked={known} onChange={(event) => setKnown(event.target.checked)}>
            {t('workdays.import_known')}
            <Typography.Text type="secondary"> {t('workdays.import_known_hint')}</Typography.Text>
          </Checkbox>
        )}
      </Flex>
    </Modal>
  )
}

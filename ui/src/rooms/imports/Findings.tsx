import { Radio, Table, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { type Import, OUTCOME_COLOURS } from './look'

type Outcome = components['schemas']['RowOut']['outcome']
type Shown = 'told' | Outcome

const KINDS = ['error', 'conflict', 'merge', 'duplicate', 'update'] as const

/** What the check found, row by row with the reasons; all of one kind, or all with a fault or a warning. */
export function Findings({ one }: { one: Import }) {
  const t = useSay()
  const { i18n } = useTranslation()
  const over = one.state !== 'checked'
  // When an import is over only the faulty rows are kept.
  const kinds = over ? [] : KINDS.filter((kind) => one.counts[kind] > 0)
  const [wanted, setWanted] = useState<Shown>('told')
  const list = usePortions(['import', one.import_id, 'rows', wanted, one.state], (cursor) =>
    data(
      api.GET('/api/imports/{import_id}/rows', {
        params: {
          path: { import_id: one.import_id },
          query: {
            only_told: wanted === 'told',
            outcome: over ? ['error'] : wanted === 'told' ? undefined : [wanted],
            cursor,
            limit: 50,
          },
        },
      }),
    ),
  )
  // What is imported says more about a row than what is not.
  const order = [
    ...one.columns.filter((column) => column.use !== 'ignore'),
    ...one.columns.filter((column) => column.use === 'ignore'),
  ]
  return (
    <>
      {kinds.length > 0 && (
        <Radio.Group
          aria-label={t('import.show_rows')}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          optionType="button"
          style={{ marginBottom: 12 }}
          options={[
            { value: 'told', label: t('import.told') },
            ...kinds.map((kind) => ({
              value: kind,
              label: `${t(`import.count.${kind}`)} ${number(one.counts[kind])}`,
            })),
          ]}
        />
      )}
      {over && one.ended_at && <Typography.Paragraph type="secondary">{t('import.kept')}</Typography.Paragraph>}
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <>
            <Table
              size="small"
              rowKey="row"
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{ emptyText: t(over ? 'import.rows_gone' : 'import.rows_none') }}
              columns={[
                { title: t('import.row'), dataIndex: 'row', width: 64 },
                {
                  title: t('import.outcome'),
                  width: 130,
                  render: (_, row) => (
                    <Tag color={OUTCOME_COLOURS[row.outcome]}>{t(`import.count.${row.outcome}`)}</Tag>
                  ),
                },
                {
                  title: t('import.problem'),
                  render: (_, row) => (
                    <div style={{ maxWidth: 460, whiteSpace: 'normal' }}>
                      {[...row.faults, ...row.warnings].map((fault) => (
                        <div key={`${fault.code}:${fault.column}:${fault.value}:${fault.zh}`}>
                          {fault.column && <b>{t('import.in_column', { column: fault.column })}</b>}
                          {i18n.language === 'zh' ? fault.zh : fault.en}
                          {fault.value && <Typography.Text code>{fault.value}</Typography.Text>}
                        </div>
                      ))}
                    </div>
                  ),
                },
                {
                  title: t('import.content'),
                  render: (_, row) => {
                    const cells = order.map((column) => row.cells[column.index]).filter(Boolean)
                    return (
                      <Typography.Text
                        type="secondary"
                        ellipsis={{ tooltip: cells.join(' | ') }}
                        style={{ maxWidth: 420 }}
                      >
                        {cells.join(' | ')}
                      </Typography.Text>
                    )
                  },
                },
              ]}
            />
            <More list={list} />
          </>
        )}
      </Loaded>
    </>
  )
}

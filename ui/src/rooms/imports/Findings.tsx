import { Flex, Segmented, Statistic, Table, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { type Import, OUTCOME_COLOURS } from './look'

const COUNTS = ['new', 'update', 'merge', 'duplicate', 'conflict', 'error', 'warnings'] as const

/** What importing will do (or did), in counts and row by row with the reasons. */
export function Findings({ one }: { one: Import }) {
  const t = useSay()
  const { i18n } = useTranslation()
  const [told, setTold] = useState(true)
  const list = usePortions(['import', one.import_id, 'rows', told, one.state], (cursor) =>
    data(
      api.GET('/api/imports/{import_id}/rows', {
        params: { path: { import_id: one.import_id }, query: { only_told: told, cursor, limit: 50 } },
      }),
    ),
  )
  return (
    <>
      <Flex wrap gap={28} style={{ margin: '16px 0' }}>
        {COUNTS.map((name) => (
          <Statistic
            key={name}
            title={t(`import.count.${name}`)}
            value={one.counts[name]}
            styles={{
              content: { fontSize: 22, color: name === 'error' && one.counts.error ? '#c92a2a' : undefined },
            }}
          />
        ))}
      </Flex>
      <Segmented
        value={told}
        onChange={setTold}
        options={[
          { value: true, label: t('import.told') },
          { value: false, label: t('import.all_rows') },
        ]}
        style={{ marginBottom: 12 }}
      />
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <>
            <Table
              size="small"
              rowKey="row"
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{ emptyText: t('import.rows_none') }}
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
                        <div key={`${fault.code}:${fault.column}:${fault.value}`}>
                          {fault.column && <b>{fault.column}：</b>}
                          {i18n.language === 'zh' ? fault.zh : fault.en}
                          {fault.value && <Typography.Text code>{fault.value}</Typography.Text>}
                        </div>
                      ))}
                    </div>
                  ),
                },
                {
                  title: t('import.content'),
                  render: (_, row) => (
                    <Typography.Text type="secondary" ellipsis style={{ maxWidth: 420 }}>
                      {row.cells.filter(Boolean).join(' | ')}
                    </Typography.Text>
                  ),
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

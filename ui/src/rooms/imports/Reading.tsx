import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Flex, Form, InputNumber, Select, Table, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { fileFault } from './faults'
import { Heading } from './Heading'
import type { Import } from './look'

export function useTargets() {
  return useQuery({
    queryKey: ['import-targets'],
    staleTime: 60_000,
    queryFn: () => data(api.GET('/api/imports/targets')),
  })
}

/** How the file reads: encoding, delimiter, sheet, header row; with its first rows to confirm it by eye. */
export function Reading({
  one,
  next,
  refused,
}: {
  one: Import
  next: () => void
  /** What was refused because the import went on elsewhere; whether that was it. */
  refused: (error: unknown) => boolean
}) {
  const t = useSay()
  const { i18n } = useTranslation()
  const tell = useTell()
  const client = useQueryClient()
  const targets = useTargets().data
  const { reading } = one
  const [header, setHeader] = useState<number | null>(reading.header_row)
  const changing = useMutation({
    mutationFn: (change: components['schemas']['ReadingIn']) =>
      data(
        api.PUT('/api/imports/{import_id}/reading', {
          params: { path: { import_id: one.import_id } },
          body: {
            ...(reading.kind === 'csv'
              ? { encoding: reading.encoding, delimiter: reading.delimiter }
              : { sheet: reading.sheet }),
            header_row: reading.header_row,
            ...change,
          },
        }),
      ),
    onSuccess: async (found) => {
      // An older answer that is still under way would show the reading before.
      await client.cancelQueries({ queryKey: ['import', one.import_id] })
      client.setQueryData(['import', one.import_id], found)
      setHeader(found.reading.header_row)
    },
    onError: (error) => {
      setHeader(reading.header_row)
      if (refused(error)) return
      const said = i18n.language === 'zh' ? fileFault(error, t) : null
      if (said) tell.say(said)
      else tell.failed(error)
    },
  })
  function settle() {
    if (header !== null && header !== reading.header_row && !changing.isPending) changing.mutate({ header_row: header })
  }
  return (
    <Form layout="vertical" onFinish={settle}>
      <Heading>{t(reading.kind === 'csv' ? 'import.read_csv' : 'import.read_xlsx')}</Heading>
      {reading.kind === 'csv' && (
        <Alert
          showIcon
          type={reading.certain ? 'success' : 'warning'}
          title={t(reading.certain ? 'import.certain' : 'import.guess')}
          style={{ marginBottom: 12 }}
        />
      )}
      <Flex wrap gap={16}>
        {reading.kind === 'csv' ? (
          <>
            <Form.Item label={t('import.encoding')}>
              <Select
                aria-label={t('import.encoding')}
                value={reading.encoding}
                loading={changing.isPending}
                onChange={(encoding) => changing.mutate({ encoding })}
                options={
                  targets?.encodings.map((one) => ({
                    value: one.value,
                    label: t(`import.encoding.${one.value}`, { defaultValue: one.title }),
                  })) ?? []
                }
                style={{ minWidth: 200 }}
              />
            </Form.Item>
            <Form.Item label={t('import.delimiter')}>
              <Select
                aria-label={t('import.delimiter')}
                value={reading.delimiter}
                onChange={(delimiter) => changing.mutate({ delimiter })}
                options={
                  targets?.delimiters.map((one) => ({
                    value: one.value,
                    label: t(`import.delimiter.${one.value}`, { defaultValue: one.title }),
                  })) ?? []
                }
                style={{ minWidth: 130 }}
              />
            </Form.Item>
          </>
        ) : (
          <Form.Item label={t('import.sheet')}>
            <Select
              aria-label={t('import.sheet')}
              value={reading.sheet}
              onChange={(sheet) => changing.mutate({ sheet, header_row: undefined })}
              options={reading.sheets.map((value) => ({ value }))}
              style={{ minWidth: 180 }}
            />
          </Form.Item>
        )}
        <Form.Item label={t('import.header')} extra={t('import.header_hint')}>
          <InputNumber
            aria-label={t('import.header')}
            min={0}
            max={1000}
            precision={0}
            value={header}
            onChange={setHeader}
            onStep={(header_row) => changing.mutate({ header_row: Number(header_row) })}
            onBlur={settle}
            onPressEnter={settle}
          />
        </Form.Item>
      </Flex>
      <Typography.Text strong>{t('import.preview')}</Typography.Text>
      <Table
        size="small"
        bordered
        loading={changing.isPending}
        pagination={false}
        scroll={{ x: 'max-content' }}
        rowKey="row"
        dataSource={one.sample.slice(0, 8)}
        locale={{ emptyText: t('import.preview_none') }}
        columns={[
          { title: t('import.row'), dataIndex: 'row', width: 60, fixed: 'left' },
          ...one.columns.map((column) => ({
            title: column.title,
            key: column.index,
            ellipsis: true,
            render: (_: unknown, row: components['schemas']['SampleRow']) => (
              <div style={{ maxWidth: 240, overflow: 'hidden', textOverflow: 'ellipsis' }}>
                {row.cells[column.index] ?? ''}
              </div>
            ),
          })),
        ]}
        style={{ margin: '8px 0 16px' }}
      />
      <Button type="primary" disabled={changing.isPending || one.sample.length === 0} onClick={next}>
        {t(reading.kind === 'csv' ? 'import.reading_ok' : 'import.sheet_ok')}
      </Button>
    </Form>
  )
}

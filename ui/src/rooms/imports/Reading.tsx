import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Flex, Form, InputNumber, Select, Table, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Import } from './look'

export function useTargets() {
  return useQuery({
    queryKey: ['import-targets'],
    staleTime: 60_000,
    queryFn: () => data(api.GET('/api/imports/targets')),
  })
}

/** How the file reads: encoding, delimiter, sheet, header row; with its first rows to confirm it by eye. */
export function Reading({ one, next }: { one: Import; next: () => void }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const targets = useTargets().data
  const { reading } = one
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
    onSuccess: (found) => client.setQueryData(['import', one.import_id], found),
    onError: tell.failed,
  })
  return (
    <Form layout="vertical">
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
                options={targets?.encodings.map((one) => ({ value: one.value, label: one.title })) ?? []}
                style={{ minWidth: 200 }}
              />
            </Form.Item>
            <Form.Item label={t('import.delimiter')}>
              <Select
                aria-label={t('import.delimiter')}
                value={reading.delimiter}
                onChange={(delimiter) => changing.mutate({ delimiter })}
                options={targets?.delimiters.map((one) => ({ value: one.value, label: one.title })) ?? []}
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
        <Form.Item label={t('import.header')}>
          <InputNumber
            aria-label={t('import.header')}
            min={0}
            max={1000}
            value={reading.header_row}
            onChange={(header_row) => header_row !== null && changing.mutate({ header_row })}
          />
        </Form.Item>
      </Flex>
      <Typography.Text strong>{t('import.preview')}</Typography.Text>
      <Table
        size="small"
        bordered
        pagination={false}
        scroll={{ x: 'max-content' }}
        rowKey="row"
        dataSource={one.sample.slice(0, 8)}
        columns={[
          { title: t('import.row'), dataIndex: 'row', width: 60, fixed: 'left' },
          ...one.columns.map((column) => ({
            title: column.title,
            key: column.index,
            render: (_: unknown, row: components['schemas']['SampleRow']) => row.cells[column.index] ?? '',
          })),
        ]}
        style={{ margin: '8px 0 16px' }}
      />
      <Button type="primary" onClick={next}>
        {t('import.reading_ok')}
      </Button>
    </Form>
  )
}

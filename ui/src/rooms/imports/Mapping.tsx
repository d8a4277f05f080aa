import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Flex, Form, Input, Select, Switch, Table, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useFault } from '@/shared/fault'
import { useNames, useTags } from '@/shared/lookups'
import { type Say, useSay } from '@/shared/say'
import { useLeaving } from '@/shared/useLeaving'
import { Heading } from './Heading'
import type { Import } from './look'
import { useTargets } from './Reading'
import { Scope } from './Scope'

type Column = components['schemas']['ColumnOut']
const IGNORE = 'ignore:'
/** Columns at a time: two hundred lists to choose from at once take seconds to draw. */
const PAGE = 40

/** What the server refused, in Chinese by the place that it names. */
function mappingFault(fault: ApiError, t: Say, chinese: boolean): string {
  if (!chinese) return fault.message
  const place = (fault.field ?? '').replace(/\.\d+/g, '')
  return t(`import.fault.${place}`, { defaultValue: t(`error.${fault.code}`, { defaultValue: fault.message }) })
}

/** What each column means, tags for everybody, and whether journeys may start; then the check of all rows. */
export function Mapping({
  one,
  back,
  checking,
  refused,
}: {
  one: Import
  back: () => void
  checking: (found: Import) => void
  /** What was refused because the import went on elsewhere; whether that was it. */
  refused: (error: unknown) => boolean
}) {
  const t = useSay()
  const { i18n } = useTranslation()
  const say = useFault()
  const names = useNames()
  const client = useQueryClient()
  const targets = useTargets().data?.targets ?? []
  const tagPaths = useTags().data?.groups.flatMap((group) => group.tags.map((tag) => tag.path)) ?? []
  const [columns, setColumns] = useState<Column[]>(one.columns)
  const [sourceName, setSourceName] = useState(one.source_name)
  const [tags, setTags] = useState<string[]>(one.tags)
  const [journeys, setJourneys] = useState(one.start_journeys)
  const [asked, setAsked] = useState(false)
  const [page, setPage] = useState(1)

  const saving = useMutation({
    mutationFn: async () => {
      const at = { params: { path: { import_id: one.import_id } } }
      const chosen = columns.map(({ index, use, name, scope }) => ({ index, use, name, scope }))
      const body = { columns: chosen, source_name: sourceName, tags, start_journeys: journeys }
      await data(api.PUT('/api/imports/{import_id}/mapping', { ...at, body }))
      return data(api.POST('/api/imports/{import_id}/check', at))
    },
    onSuccess: async (found) => {
      // An older answer that is still under way would show the state before, which nobody asks about again.
      await client.cancelQueries({ queryKey: ['import', one.import_id] })
      client.setQueryData(['import', one.import_id], found)
      checking(found)
    },
    onError: (error) => {
      const place = error instanceof ApiError && /^columns\.(\d+)/.exec(error.field ?? '')?.[1]
      if (place) setPage(Math.floor(Number(place) / PAGE) + 1)
      refused(error)
    },
  })
  const edited =
    JSON.stringify([columns, sourceName, tags, journeys]) !==
    JSON.stringify([one.columns, one.source_name, one.tags, one.start_journeys])
  useLeaving(() => edited && !saving.isPending && !saving.isSuccess, t('import.unsaved'), t('import.unsaved_means'))
  const fault = saving.error instanceof ApiError ? saving.error : null
  const at = /^columns\.(\d+)/.exec(fault?.field ?? '')?.[1]

  const refusal = fault ? mappingFault(fault, t, i18n.language === 'zh') : say(saving.error)
  const needsName = columns.some((column) => column.use === 'identity' && column.name === 'crm_id' && !column.scope)
  const named = !needsName || /^[a-z0-9_.-]+$/.test(sourceName)
  const nameless = asked && !named
  function check() {
    setAsked(true)
    if (named) saving.mutate()
  }

  const ignored = columns.filter((column) => column.use === 'ignore')

  const options = [
    { label: t('import.ignore'), value: IGNORE },
    ...(['identity', 'attribute', 'tag'] as const).map((use) => ({
      label: t(`import.group.${use}`),
      options: targets
        .filter((target) => target.use === use)
        .map((target) => ({
          value: `${use}:${target.name}`,
          label:
            use === 'identity'
              ? t(`identity.${target.name}`, { defaultValue: target.title })
              : use === 'tag'
                ? target.title
                : names.attribute(target.name),
        })),
    })),
  ]
  const change = (index: number, part: Partial<Column>) =>
    setColumns((before) => before.map((column) => (column.index === index ? { ...column, ...part } : column)))
  const needsScope = (column: Column) =>
    column.use === 'identity' && targets.some((target) => target.name === column.name && target.needs_scope)

  return (
    <Form layout="vertical" onFinish={check}>
      <Heading>{t('import.map_ask')}</Heading>
      <Table
        size="small"
        pagination={
          columns.length > PAGE && {
            pageSize: PAGE,
            showSizeChanger: false,
            current: page,
            onChange: setPage,
          }
        }
        rowKey="index"
        dataSource={columns}
        scroll={{ x: 'max-content' }}
        rowClassName={(_, index) => (at === String(index) ? 'ant-table-row-selected' : '')}
        columns={[
          { title: t('import.column'), render: (_, column) => <b>{column.title || `#${column.index + 1}`}</b> },
          {
            title: t('import.samples'),
            responsive: ['sm'],
            render: (_, column) => (
              <Typography.Text type="secondary" ellipsis style={{ maxWidth: 360 }}>
                {column.samples.join(t('shared.comma'))}
              </Typography.Text>
            ),
          },
          {
            title: t('import.means'),
            render: (_, column) => (
              <Flex gap={8} wrap>
                <Select
                  showSearch={{ optionFilterProp: 'label' }}
                  aria-label={`${t('import.means')} ${column.title}`}
                  value={
                    column.use === 'ignore' ? IGNORE : column.use === 'tag' ? 'tag:' : `${column.use}:${column.name}`
                  }
                  onChange={(value) => {
                    const [use, name = ''] = value.split(':')
                    change(column.index, { use: use as Column['use'], name, scope: '' })
                  }}
                  options={options}
                  style={{ width: 210 }}
                />
                {column.use === 'tag' && (
                  <Input
                    aria-label={t('import.tag_group')}
                    placeholder={t('import.tag_group')}
                    value={column.name}
                    onChange={(event) => change(column.index, { name: event.target.value })}
                    style={{ width: 120 }}
                  />
                )}
                {needsScope(column) && <Scope column={column} choose={(scope) => change(column.index, { scope })} />}
                {at === String(column.index) && fault && <Typography.Text type="danger">{refusal}</Typography.Text>}
              </Flex>
            ),
          },
        ]}
        style={{ marginBottom: 16 }}
      />
      {ignored.length > 0 && (
        <Typography.Paragraph type="secondary">
          {t('import.ignored', {
            count: ignored.length,
            titles: ignored
              .slice(0, 12)
              .map((column) => column.title || `#${column.index + 1}`)
              .join(t('shared.comma')),
          })}
          {ignored.length > 12 && '…'}
        </Typography.Paragraph>
      )}
      <Flex wrap gap={16}>
        {needsName && (
          <Form.Item
            label={t('import.source_name')}
            required
            validateStatus={nameless ? 'error' : undefined}
            help={nameless ? t('import.source_name_missing') : t('import.source_name_hint')}
          >
            <Input
              aria-label={t('import.source_name')}
              value={sourceName}
              placeholder="crm"
              onChange={(event) => setSourceName(event.target.value)}
            />
          </Form.Item>
        )}
        <Form.Item label={t('import.tags')}>
          <Select
            mode="tags"
            aria-label={t('import.tags')}
            value={tags}
            onChange={setTags}
            options={tagPaths.map((value) => ({ value }))}
            style={{ minWidth: 260 }}
          />
        </Form.Item>
        <Form.Item label={t('import.start_journeys')} extra={t('import.start_journeys_hint')}>
          <Switch aria-label={t('import.start_journeys')} checked={journeys} onChange={setJourneys} />
        </Form.Item>
      </Flex>
      {saving.error !== null && fault?.code !== 'import_state' && (
        <Alert type="error" showIcon title={refusal} style={{ marginBottom: 12 }} />
      )}
      <Flex gap={8}>
        <Button disabled={saving.isPending} onClick={back}>
          {t('import.back')}
        </Button>
        <Button type="primary" htmlType="submit" loading={saving.isPending}>
          {t('import.do_check')}
        </Button>
      </Flex>
    </Form>
  )
}

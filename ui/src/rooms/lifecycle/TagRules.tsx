import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { App, Button, Card, Table, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { matcher, useSpeech } from '@/rooms/segments/sentence'
import { useTags } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { TagRuleDialog } from './TagRuleDialog'

export type TagRule = components['schemas']['TagRuleBody']

/** Which tags come and go by themselves. */
export function TagRules() {
  const t = useSay()
  const tell = useTell()
  const speech = useSpeech()
  const client = useQueryClient()
  const { modal } = App.useApp()
  const may = useMay('lifecycle.write')
  const retired = new Set(
    useTags().data?.groups.flatMap((group) => group.tags.filter((tag) => tag.retired).map((tag) => tag.tag_id)),
  )
  const [editing, setEditing] = useState<TagRule | 'new' | null>(null)
  const rules = useQuery({
    queryKey: ['tag-rules'],
    queryFn: async () => (await data(api.GET('/api/lifecycle/tag-rules'))).items,
  })
  const deleting = useMutation({
    mutationFn: (rule_id: number) =>
      data(api.DELETE('/api/lifecycle/tag-rules/{rule_id}', { params: { path: { rule_id } } })),
    onSuccess: async () => {
      tell.done(t('lifecycle.rule_deleted'))
      await client.invalidateQueries({ queryKey: ['tag-rules'] })
      await client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: tell.failed,
  })
  const fresh = may && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setEditing('new')}>
      {t('lifecycle.new_tag_rule')}
    </Button>
  )
  return (
    <Loaded query={rules}>
      {(list) => (
        <>
          <Typography.Paragraph type="secondary">{t('lifecycle.tag_hint')}</Typography.Paragraph>
          {list.length > 0 && <div style={{ marginBottom: 12 }}>{fresh}</div>}
          <Card styles={{ body: { padding: 0 } }}>
            <Table<TagRule>
              rowKey="rule_id"
              dataSource={list}
              pagination={false}
              locale={{ emptyText: <Nothing title={t('lifecycle.no_tag_rules')}>{fresh}</Nothing> }}
              columns={[
                {
                  title: t('lifecycle.rule'),
                  render: (_, rule) => (
                    <>
                      {may ? (
                        <Button type="link" style={{ padding: 0, height: 'auto' }} onClick={() => setEditing(rule)}>
                          {rule.name}
                        </Button>
                      ) : (
                        rule.name
                      )}{' '}
                      {!rule.active && <Tag>{t('lifecycle.stopped')}</Tag>}
                      {rule.active && retired.has(rule.tag_id) && (
                        <Tag color="warning">{t('lifecycle.tag_retired')}</Tag>
                      )}
                    </>
                  ),
                },
                {
                  title: t('lifecycle.condition'),
                  responsive: ['md'],
                  render: (_, rule) =>
                    rule.segment_id != null ? (
                      <Link to="/segments/$id" params={{ id: String(rule.segment_id) }}>
                        {t('lifecycle.while_in', { segment: speech.names.segment(rule.segment_id) })}
                      </Link>
                    ) : (
                      t(rule.days == null ? 'lifecycle.after_for_good' : 'lifecycle.after_for', {
                        what: matcher(rule.events ?? {}, speech),
                        n: number(rule.days ?? 0),
                      })
                    ),
                },
                {
                  title: t('tags.tag'),
                  render: (_, rule) => (
                    <Link to="/tags" search={{ open: rule.tag_id }}>
                      {speech.names.tag(rule.tag_id)}
                    </Link>
                  ),
                },
                {
                  width: 60,
                  render: (_, rule) =>
                    may && (
                      <Button
                        type="text"
                        icon={<DeleteOutlined />}
                        aria-label={t('lifecycle.delete_rule', { name: rule.name })}
                        onClick={() =>
                          void modal.confirm({
                            title: t('lifecycle.delete_rule', { name: rule.name }),
                            content: t('lifecycle.delete_rule_hint'),
                            okText: t('shared.delete'),
                            okButtonProps: { danger: true },
                            cancelText: t('shared.cancel'),
                            onOk: () => deleting.mutateAsync(rule.rule_id).catch(() => undefined),
                          })
                        }
                      />
                    ),
                },
              ]}
            />
          </Card>
          {editing && <TagRuleDialog rule={editing === 'new' ? null : editing} close={() => setEditing(null)} />}
        </>
      )}
    </Loaded>
  )
}

import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Card, Table, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { matcher, useSpeech } from '@/rooms/segments/sentence'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { ScoreRuleDialog } from './ScoreRuleDialog'

export type ScoreRule = components['schemas']['ScoreRuleBody']

/** What acts are worth. */
export function ScoreRules() {
  const t = useSay()
  const speech = useSpeech()
  const may = useMay('lifecycle.write')
  const [editing, setEditing] = useState<ScoreRule | 'new' | null>(null)
  const rules = useQuery({
    queryKey: ['score-rules'],
    queryFn: async () => (await data(api.GET('/api/lifecycle/score-rules'))).items,
  })
  const fresh = may && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setEditing('new')}>
      {t('lifecycle.new_score_rule')}
    </Button>
  )
  return (
    <Loaded query={rules}>
      {(list) => (
        <>
          <Typography.Paragraph type="secondary">{t('lifecycle.score_hint')}</Typography.Paragraph>
          {list.length > 0 && <div style={{ marginBottom: 12 }}>{fresh}</div>}
          <Card styles={{ body: { padding: 0 } }}>
            <Table<ScoreRule>
              rowKey="rule_id"
              dataSource={list}
              pagination={false}
              locale={{ emptyText: <Nothing title={t('lifecycle.no_score_rules')}>{fresh}</Nothing> }}
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
                    </>
                  ),
                },
                {
                  title: t('lifecycle.events'),
                  responsive: ['md'],
                  render: (_, rule) => matcher(rule.events, speech),
                },
                {
                  title: t('lifecycle.worth'),
                  align: 'right',
                  width: 90,
                  render: (_, rule) => `${rule.points > 0 ? '+' : ''}${number(rule.points)}`,
                },
                {
                  title: t('lifecycle.caps'),
                  responsive: ['sm'],
                  render: (_, rule) =>
                    [
                      rule.daily_cap != null && t('lifecycle.per_day', { n: number(rule.daily_cap) }),
                      rule.total_cap != null && t('lifecycle.in_all', { n: number(rule.total_cap) }),
                    ]
                      .filter(Boolean)
                      .join(t('shared.comma')) || t('lifecycle.no_cap'),
                },
              ]}
            />
          </Card>
          {editing && <ScoreRuleDialog rule={editing === 'new' ? null : editing} close={() => setEditing(null)} />}
        </>
      )}
    </Loaded>
  )
}

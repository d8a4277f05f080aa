import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Card, Form, Switch } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { Audience } from './Audience'

type RulesIn = components['schemas']['RulesIn']

/** Who is left to people, what becomes of unanswered messages, whether the chat archive is licensed. */
export function Rules() {
  const rules = useQuery({ queryKey: ['replies', 'rules'], queryFn: () => data(api.GET('/api/replies/rules')) })
  return <Loaded query={rules}>{(found) => <Editor rules={found} />}</Loaded>
}

function Editor({ rules }: { rules: components['schemas']['RulesBody'] }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const may = useMay('replies.write')
  const saving = useMutation({
    mutationFn: (body: RulesIn) =>
      data(api.PUT('/api/replies/rules', { body: { ...body, to_people: body.to_people ?? null } })),
    onSuccess: (saved) => {
      client.setQueryData(['replies', 'rules'], saved)
      tell.done(t('replies.rules_saved'))
    },
    onError: tell.failed,
  })
  return (
    <Card style={{ maxWidth: 720 }}>
      {!may && <Alert type="info" showIcon title={t('policy.read_only')} style={{ marginBottom: 12 }} />}
      <Form
        layout="vertical"
        disabled={!may}
        initialValues={{ to_people: rules.to_people, fallback: rules.fallback }}
        onFinish={(values: RulesIn) => saving.mutate(values)}
      >
        <Form.Item name="to_people" label={t('replies.to_people')} extra={t('replies.to_people_hint')}>
          <Audience none={t('replies.nobody')} />
        </Form.Item>
        <Form.Item
          name="fallback"
          label={t('replies.fallback')}
          extra={t('replies.fallback_hint')}
          valuePropName="checked"
        >
          <Switch />
        </Form.Item>
        <Alert
          type="info"
          title={t(rules.archive ? 'replies.archive.on' : 'replies.archive.off')}
          style={{ marginBottom: 16 }}
        />
        <Button type="primary" htmlType="submit" loading={saving.isPending}>
          {t('shared.save')}
        </Button>
      </Form>
    </Card>
  )
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Button, Card, Flex, Form, Input, InputNumber, Select, Switch } from 'antd'
import { useRef, useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useFault } from '@/shared/fault'
import { useAccounts, useTags } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { useLeaving } from '@/shared/useLeaving'
import { useSettled } from '@/shared/useSettled'
import { blank, type Channel, clean, type Definition, KINDS, type Kind, ROTATED, turns } from './model'
import { ServiceAccount } from './ServiceAccount'
import { Answer } from './ServingNow'
import { Turns } from './Turns'

interface Draft extends Definition {
  kind: Kind
  account_id?: number
  state?: string
}

/** Makes a channel, or changes one from the version that is shown. */
export function Editor({ channel }: { channel: Channel | null }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const client = useQueryClient()
  const navigate = useNavigate()
  const may = useMay('channels.write') && !channel?.archived_at
  const [form] = Form.useForm<Draft>()
  const [touched, setTouched] = useState(false)
  const saved = useRef(false)
  const watched = Form.useWatch([], form) as Draft | undefined
  const kind = channel?.kind ?? watched?.kind ?? 'wecom_live_code'
  const first = channel ? { ...channel.definition, kind } : { ...blank(kind), kind }
  useLeaving(() => touched && !saved.current, t('channels.unsaved'), t('channels.unsaved_hint'))

  const saving = useMutation({
    mutationFn: async (draft: Draft) => {
      const definition = clean(draft, kind)
      if (channel) {
        const params = { path: { channel_id: channel.channel_id } }
        const body = { version: channel.version, definition }
        return data(api.PUT('/api/channels/{channel_id}', { params, body }))
      }
      const body = { kind, account_id: draft.account_id ?? null, state: draft.state?.trim() || null, definition }
      const made = await data(api.POST('/api/channels', { body }))
      const params = { path: { channel_id: made.channel_id } }
      return data(api.GET('/api/channels/{channel_id}', { params }))
    },
    onSuccess: (found) => {
      saved.current = true
      setTouched(false)
      client.setQueryData(['channel', found.channel_id], found)
      void client.invalidateQueries({ queryKey: ['channels'] })
      void client.invalidateQueries({ queryKey: ['serving'] })
      tell.done(t(channel ? 'channels.changed' : 'channels.made'))
      if (!channel) void navigate({ to: '/channels/$id', params: { id: String(found.channel_id) } })
    },
    onError: (error) => {
      const field = error instanceof ApiError ? error.field : null
      const path = field
        ?.replace(/^definition\./, '')
        .split('.')
        .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
      if (path && form.getFieldInstance(path as never)) {
        form.setFields([{ name: path as never, errors: [fault(error)] }])
        form.scrollToField(path as never, { block: 'center', focus: true })
      }
      tell.failed(error)
    },
  })

  return (
    <Form
      form={form}
      layout="vertical"
      disabled={!may}
      requiredMark={false}
      initialValues={first}
      onValuesChange={() => setTouched(true)}
      onFinish={(draft) => saving.mutate({ ...first, ...draft })}
      scrollToFirstError={{ block: 'center', focus: true }}
      style={{ maxWidth: 880 }}
    >
      {!channel && <Beginning kind={kind} />}
      <Card size="small" style={{ marginBottom: 16 }}>
        <Form.Item
          name="name"
          label={t('channels.part.name')}
          rules={[{ required: true, whitespace: true, message: t('channels.name_missing') }]}
        >
          <Input maxLength={30} showCount />
        </Form.Item>
        <Form.Item name="hook" label={t('channels.part.hook')} extra={t('channels.hook_hint')}>
          <Input maxLength={200} />
        </Form.Item>
        <TagsField />
        {ROTATED.has(kind) && (
          <Form.Item
            name="skip_verify"
            label={t('channels.part.skip_verify')}
            valuePropName="checked"
            style={{ marginBottom: 0 }}
          >
            <Switch />
          </Form.Item>
        )}
      </Card>
      {ROTATED.has(kind) && <Turns />}
      {ROTATED.has(kind) && <WouldServe draft={watched} channelId={channel?.channel_id ?? null} />}
      {kind === 'group_live_code' && <Groups accountId={channel?.account_id ?? watched?.account_id} />}
      {kind === 'link' && <Target />}
      {kind === 'kf_link' && <ServiceAccount accountId={channel?.account_id ?? watched?.account_id} />}
      {may && (
        <Flex gap={8}>
          <Button type="primary" htmlType="submit" loading={saving.isPending} disabled={channel !== null && !touched}>
            {t('shared.save')}
          </Button>
        </Flex>
      )}
    </Form>
  )
}

function Beginning({ kind }: { kind: Kind }) {
  const t = useSay()
  const accounts = useAccounts() ?? []
  const wanted = kind === 'oa_qr' ? 'oa' : 'wecom'
  const fitting = accounts.filter((one) => one.kind === wanted)
  return (
    <Card size="small" style={{ marginBottom: 16 }}>
      <Form.Item name="kind" label={t('channels.kind')} extra={t(`channels.kind_hint.${kind}`)}>
        <Select options={KINDS.map((value) => ({ value, label: t(`channels.kind.${value}`) }))} />
      </Form.Item>
      {kind !== 'link' && (
        <Form.Item
          key={wanted}
          name="account_id"
          label={t('channels.account')}
          rules={[{ required: true, message: t('channels.account_missing') }]}
        >
          <Select options={fitting.map((one) => ({ value: one.account_id, label: one.name }))} />
        </Form.Item>
      )}
      <Form.Item
        name="state"
        label={t('channels.code_word')}
        extra={t('channels.state_hint')}
        rules={[{ pattern: /^[0-9A-Za-z_-]{1,30}$/, message: t('channels.state_bad') }]}
        style={{ marginBottom: 0 }}
      >
        <Input maxLength={30} placeholder={t('channels.state_made_up')} />
      </Form.Item>
    </Card>
  )
}

function TagsField() {
  const t = useSay()
  const tags = useTags().data?.groups.flatMap((group) => group.tags) ?? []
  return (
    <Form.Item name="tags" label={t('channels.part.tags')}>
      <Select
        mode="multiple"
        showSearch={{ optionFilterProp: 'label' }}
        options={tags
          .filter((one) => !one.retired && !one.read_only)
          .map((one) => ({ value: one.tag_id, label: one.path }))}
      />
    </Form.Item>
  )
}

/** The answer for what stands in the form, before it is saved. */
function WouldServe({ draft, channelId }: { draft: Draft | undefined; channelId: number | null }) {
  const rotation = useSettled(JSON.stringify(turns(draft?.rotation)), 400)
  const asked = JSON.parse(rotation)
  if (asked.members.length === 0) return null
  return (
    <div style={{ marginBottom: 16 }}>
      <Answer rotation={asked} channelId={channelId} />
    </div>
  )
}

function Groups({ accountId }: { accountId: number | null | undefined }) {
  const t = useSay()
  const may = useMay('groups.read')
  const chats = useQuery({
    queryKey: ['chats', accountId],
    enabled: may && accountId != null,
    queryFn: () => data(api.GET('/api/groups/chats', { params: { query: { account_id: accountId ?? undefined } } })),
  })
  const open = (chats.data ?? []).filter((one) => one.dismissed_at === null)
  return (
    <Card size="small" style={{ marginBottom: 16 }}>
      <Form.Item
        name="chats"
        label={t('channels.part.chats')}
        extra={t('channels.chats_hint')}
        rules={[{ required: true, message: t('channels.chats_missing') }]}
      >
        <Select
          mode="multiple"
          showSearch={{ optionFilterProp: 'label' }}
          options={open.map((one) => ({
            value: one.chat_id,
            label: t('channels.chat', { name: one.name || one.chat_id, count: one.people }),
          }))}
        />
      </Form.Item>
      <Flex wrap gap="0 24px">
        <Form.Item name="chat_limit" label={t('channels.part.chat_limit')}>
          <InputNumber min={1} max={500} precision={0} />
        </Form.Item>
        <Form.Item name="room_base_name" label={t('channels.part.room_base_name')} extra={t('channels.room_hint')}>
          <Input maxLength={40} />
        </Form.Item>
      </Flex>
    </Card>
  )
}

function Target() {
  const t = useSay()
  return (
    <Card size="small" style={{ marginBottom: 16 }}>
      <Form.Item
        name="target"
        label={t('channels.part.target')}
        rules={[{ required: true, pattern: /^https?:\/\/\S+$/, message: t('channels.target_bad') }]}
      >
        <Input maxLength={1024} placeholder="https://" />
      </Form.Item>
      <Flex wrap gap="0 24px">
        <Form.Item name="utm_medium" label={t('channels.part.utm_medium')}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="utm_campaign" label={t('channels.part.utm_campaign')}>
          <Input maxLength={64} />
        </Form.Item>
      </Flex>
    </Card>
  )
}

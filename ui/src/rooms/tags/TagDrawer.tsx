import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, App, Button, Drawer, Flex, Form, Input, Typography } from 'antd'
import { type ReactNode, useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useNames } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'
import { Changes } from './Changes'
import { MergeDialog } from './MergeDialog'
import { Carriers, type Group, type Tag, UseLink, useProblem } from './parts'
import { useUses } from './useUses'

/** The tag that the address names, over the page. */
export function TagDrawer({
  tag,
  groups,
  show,
}: {
  tag: Tag | undefined
  groups: Group[]
  show: (tag_id: number | undefined) => void
}) {
  return (
    <Drawer
      open={tag !== undefined}
      onClose={() => show(undefined)}
      size={560}
      title={tag?.path}
      destroyOnHidden
      styles={{ wrapper: { maxWidth: '100%' } }}
    >
      {tag && <About key={tag.tag_id} tag={tag} groups={groups} show={show} />}
    </Drawer>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section style={{ marginBottom: 20 }}>
      <Typography.Title level={5} style={{ margin: '0 0 6px' }}>
        {title}
      </Typography.Title>
      {children}
    </section>
  )
}

function About({ tag, groups, show }: { tag: Tag; groups: Group[]; show: (tag_id: number | undefined) => void }) {
  const t = useSay()
  const mayWrite = useMay('tags.write')
  const uses = useUses(tag.tag_id)
  const into = groups.flatMap((group) => group.tags).find((one) => one.tag_id === tag.merged_into)
  return (
    <>
      {into && (
        <Alert
          type="info"
          showIcon
          title={t('tags.is_now', { tag: into.path })}
          action={
            <Button size="small" onClick={() => show(into.tag_id)}>
              {t('tags.open')}
            </Button>
          }
          style={{ marginBottom: 16 }}
        />
      )}
      <Part title={t('tags.customers')}>
        <Carriers tag={tag} worded />
        <Typography.Text type="secondary">
          {' · '}
          {t('tags.created', { at: when(tag.created_at) })}
          {' · '}
          {tag.last_given_at ? t('tags.given_last', { at: when(tag.last_given_at) }) : t('tags.never_given')}
        </Typography.Text>
      </Part>
      {mayWrite ? <Naming tag={tag} /> : tag.note && <Part title={t('tags.note')}>{tag.note}</Part>}
      <Platforms tag={tag} />
      <Part title={t('tags.given_by')}>
        {tag.given_by.length === 0 && <Typography.Text type="secondary">{t('tags.by_people')}</Typography.Text>}
        <Flex vertical>
          {tag.given_by.map((use) => (
            <UseLink key={`${use.kind}${use.id}`} use={use} />
          ))}
        </Flex>
      </Part>
      <Part title={t('tags.needed_by')}>
        <Loaded query={uses}>
          {(found) => (
            <Flex vertical>
              {found.length === 0 && <Typography.Text type="secondary">{t('tags.needed_by_none')}</Typography.Text>}
              {found.map((use) => (
                <UseLink key={`${use.kind}${use.id}`} use={use} />
              ))}
            </Flex>
          )}
        </Loaded>
      </Part>
      {mayWrite && tag.merged_into === null && <Acts tag={tag} groups={groups} show={show} />}
      <Part title={t('tags.changes')}>
        <Changes tag_id={tag.tag_id} />
      </Part>
    </>
  )
}

function Platforms({ tag }: { tag: Tag }) {
  const t = useSay()
  const names = useNames()
  const problem = useProblem()
  if (tag.places.length === 0) return null
  return (
    <Part title={t('tags.platforms')}>
      <Flex vertical gap={4}>
        {tag.places.map((place) => (
          <div key={place.account_id}>
            {names.account(place.account_id)}
            {' · '}
            {place.made ? t(`tags.rights.${place.rights}`) : t('tags.not_made')}
            {place.made && place.name !== tag.name && ` · ${t('tags.called', { name: place.name })}`}
            {place.problem && (
              <Typography.Text type="warning">
                {' · '}
                {problem(place.problem)}
              </Typography.Text>
            )}
            {place.waiting + place.failed > 0 && (
              <Typography.Text type="secondary">
                {place.waiting > 0 && ` · ${t('tags.waiting', { n: number(place.waiting) })}`}
                {place.failed > 0 && ` · ${t('tags.untold', { n: number(place.failed) })}`}
              </Typography.Text>
            )}
          </div>
        ))}
      </Flex>
    </Part>
  )
}

function Naming({ tag }: { tag: Tag }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const [form] = Form.useForm<{ name: string; note: string }>()
  const saving = useMutation({
    mutationFn: (given: { name: string; note: string }) =>
      data(
        api.PATCH('/api/tags/{tag_id}', {
          params: { path: { tag_id: tag.tag_id } },
          body: { name: tag.editable ? given.name.trim() : undefined, note: given.note.trim() },
        }),
      ),
    onSuccess: async () => {
      tell.done(t('tags.saved'))
      await client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: tell.failed,
  })
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      initialValues={{ name: tag.name, note: tag.note }}
      onFinish={(given) => saving.mutate(given)}
    >
      <Form.Item
        name="name"
        label={t('tags.name')}
        rules={[{ required: true, whitespace: true, message: t('tags.name_needed') }]}
        extra={tag.editable ? undefined : t('tags.renamed_there')}
      >
        <Input maxLength={30} disabled={!tag.editable} />
      </Form.Item>
      <Form.Item name="note" label={t('tags.note')} extra={t('tags.note_hint')}>
        <Input.TextArea maxLength={500} rows={2} />
      </Form.Item>
      <Button htmlType="submit" loading={saving.isPending} style={{ marginBottom: 20 }}>
        {t('shared.save')}
      </Button>
    </Form>
  )
}

function Acts({ tag, groups, show }: { tag: Tag; groups: Group[]; show: (tag_id: number | undefined) => void }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const { modal } = App.useApp()
  const [merging, setMerging] = useState(false)
  const path = { params: { path: { tag_id: tag.tag_id } } }
  const settled = async (said: string) => {
    tell.done(said)
    await client.invalidateQueries({ queryKey: ['tags'] })
  }
  const retiring = useMutation({
    mutationFn: () => data(api.PATCH('/api/tags/{tag_id}', { ...path, body: { retired: !tag.retired } })),
    onSuccess: () => settled(t(tag.retired ? 'tags.revived' : 'tags.was_retired')),
    onError: tell.failed,
  })
  const deleting = useMutation({
    mutationFn: () => data(api.DELETE('/api/tags/{tag_id}', path)),
    onSuccess: async () => {
      show(undefined)
      await settled(t('tags.deleted'))
    },
    onError: tell.failed,
  })
  return (
    <Flex wrap gap={8} style={{ marginBottom: 20 }}>
      {tag.editable && <Button onClick={() => setMerging(true)}>{t('tags.merge')}</Button>}
      <Button loading={retiring.isPending} onClick={() => retiring.mutate()}>
        {t(tag.retired ? 'tags.revive' : 'tags.retire')}
      </Button>
      {tag.editable && (
        <Button
          danger
          loading={deleting.isPending}
          onClick={() =>
            void modal.confirm({
              title: t('tags.delete_title', { tag: tag.path }),
              content: t(tag.places.length ? 'tags.delete_hint_there' : 'tags.delete_hint', {
                n: number(tag.customers),
              }),
              okText: t('shared.delete'),
              okButtonProps: { danger: true },
              cancelText: t('shared.cancel'),
              onOk: () => deleting.mutateAsync().catch(() => undefined),
            })
          }
        >
          {t('shared.delete')}
        </Button>
      )}
      {merging && (
        <MergeDialog
          tag={tag}
          groups={groups}
          close={(into) => {
            setMerging(false)
            if (into !== undefined) show(into)
          }}
        />
      )}
    </Flex>
  )
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Alert, Button, Card, Form, Grid, Input, Segmented, Typography } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { useLeaving } from '@/shared/useLeaving'
import { useSettled } from '@/shared/useSettled'
import {
  type Body,
  begin,
  type Draft,
  type Fault,
  faultsOf,
  finished,
  KINDS,
  type Kind,
  PAGELESS,
  place,
  shownFaults,
  tidy,
} from './draft'
import { Carried, type FaultAt, Fields } from './Fields'
import { ICONS } from './icons'
import { Phone, type Shown } from './Phone'
import './content.css'

type Content = components['schemas']['ContentBody']
const PAUSE_MS = 500
const NO_TITLE = 'a title has 1 to 64 characters'

/** A new piece: first its kind, then what it holds. */
export function NewContent() {
  const t = useSay()
  const { kind } = useSearch({ from: '/frame/content/new' })
  const known = KINDS.find((one) => one === kind)
  if (!known)
    return (
      <Page title={t('content.new')} hint={t('content.new_hint')}>
        <div className="content-kinds">
          {KINDS.map((one) => (
            <Link key={one} to="/content/new" search={{ kind: one }} className="content-kind">
              <span aria-hidden>{ICONS[one]}</span>
              <strong>{t(`content.kind.${one}`)}</strong>
              <small>{t(`content.about.${one}`)}</small>
            </Link>
          ))}
        </div>
      </Page>
    )
  return <Begun key={known} kind={known} />
}

function Begun({ kind }: { kind: Kind }) {
  const t = useSay()
  const [draft] = useState(() =>
    begin(kind, { name: t('content.first.name'), phone: t('content.first.phone'), agree: t('content.first.agree') }),
  )
  return <Editor begun={draft} was={null} />
}

/** A piece at its latest version, to be changed. */
export default function EditContent() {
  const { id } = useParams({ from: '/frame/content/$id/edit' })
  const content = useQuery({
    queryKey: ['content', Number(id), 'edit'],
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    queryFn: () => data(api.GET('/api/content/{content_id}', { params: { path: { content_id: Number(id) } } })),
  })
  return (
    <Loaded query={content}>
      {(was) => {
        const { key, kind, title, digest, body } = was
        return <Editor key={was.content_id} begun={{ key, kind, title, digest, body: body as Body }} was={was} />
      }}
    </Loaded>
  )
}

/** What the server makes of a draft: how it looks, or its faults. */
async function previewed(
  draft: ReturnType<typeof tidy>,
  customer: number | undefined,
): Promise<{ shown: Shown | null; faults: Fault[] }> {
  // Not asked for in vain: a page without a title is none.
  if (draft.title === '') return { shown: null, faults: [{ field: 'title', fault: 'too_short', message: NO_TITLE }] }
  try {
    const params = { query: { customer_id: customer } }
    return { shown: await data(api.POST('/api/content/preview', { params, body: draft })), faults: [] }
  } catch (error) {
    if (!(error instanceof ApiError && [409, 422].includes(error.status))) throw error
    const faults = faultsOf(error)
    // A block that is not filled in yet hides none of the others.
    const body = draft.kind === 'landing' ? finished(draft.body, faults) : null
    return { shown: body && (await previewed({ ...draft, body }, customer)).shown, faults }
  }
}

function Editor({ begun, was }: { begun: Draft; was: Content | null }) {
  const t = useSay()
  const { i18n } = useTranslation()
  const tell = useTell()
  const client = useQueryClient()
  const navigate = useNavigate()
  const wide = Grid.useBreakpoint().lg ?? true
  const [draft, setDraft] = useState(begun)
  const [customer, setCustomer] = useState<number>()
  const [tried, setTried] = useState(false)
  const [side, setSide] = useState<'write' | 'look'>('write')
  const [taken, setTaken] = useState(false)
  const left = useRef(false)
  const given = tidy(draft)
  const settled = useSettled({ given, customer }, PAUSE_MS)
  const preview = useQuery({
    queryKey: ['content-preview', settled],
    retry: false,
    placeholderData: (before) => before,
    queryFn: () => previewed(settled.given, settled.customer),
  })
  const [shown, setShown] = useState<Shown | null>(null)
  const fresh = preview.data?.shown
  useEffect(() => {
    if (fresh) setShown(fresh)
  }, [fresh])
  const isNew = was === null
  const unsaved = JSON.stringify(given) !== JSON.stringify(tidy(begun))
  const faults = shownFaults(preview.data?.faults ?? [], tried, !unsaved)
  useLeaving(() => !left.current && unsaved, t('content.unsaved'), t('content.unsaved_means'))

  const word = (field: string, fault: string, message: string) =>
    i18n.language === 'zh'
      ? t(`content.fault.${fault}.${place(field)}`, {
          defaultValue: t(`content.fault.${fault}`, { defaultValue: t('content.fault.other') }),
        })
      : message
  const fault: FaultAt = (field) => {
    const found = faults.find((one) => one.field === field)
    return found ? { validateStatus: 'error', help: word(found.field, found.fault, found.message) } : {}
  }

  const saving = useMutation({
    mutationFn: async (publish: boolean) => {
      const made = given.key ?? (await data(api.POST('/api/content/preview', { body: given }))).key
      return data(
        api.PUT('/api/content', { body: { ...given, key: made, publish, after: was === null ? 0 : was.latest } }),
      )
    },
    onSuccess: async (saved, publish) => {
      left.current = true
      tell.done(t(publish ? 'content.done_published' : 'content.done_saved', { version: saved.version }))
      await Promise.all([
        client.invalidateQueries({ queryKey: ['contents'] }),
        client.invalidateQueries({ queryKey: ['content', saved.content_id] }),
      ])
      await navigate({ to: '/content', search: { open: saved.content_id } })
    },
    onError: (error) => {
      setTried(true)
      if (error instanceof ApiError && error.code === 'key_taken') setTaken(true)
      else if (error instanceof ApiError && error.status === 422) tell.say(t('content.has_faults'))
      else tell.failed(error)
    },
  })
  const set = (values: Partial<Draft>) => setDraft((before) => ({ ...before, ...values }))
  const setBody = (values: Partial<Body>) => setDraft((before) => ({ ...before, body: { ...before.body, ...values } }))
  const wrongKey = taken ? ({ validateStatus: 'error', help: t('content.key_taken') } as const) : fault('key')

  const form = (
    <Card styles={{ body: { padding: wide ? 24 : 14 } }}>
      <Form layout="vertical" component="div">
        {tried && faults.length > 0 && (
          <Alert
            type="error"
            showIcon
            style={{ marginBottom: 16 }}
            title={t('content.has_faults')}
            description={faults.map((one) => (
              <div key={one.field + one.fault}>
                {[t(`content.place.${place(one.field)}`, { defaultValue: '' }), word(one.field, one.fault, one.message)]
                  .filter(Boolean)
                  .join(t('shared.colon'))}
              </div>
            ))}
          />
        )}
        <Form.Item label={t('content.title')} {...fault('title')}>
          <Input
            aria-label={t('content.title')}
            maxLength={64}
            showCount
            autoFocus={isNew}
            placeholder={t('content.title_hint')}
            value={draft.title}
            onChange={(event) => set({ title: event.target.value })}
          />
        </Form.Item>
        {!['text', 'template'].includes(draft.kind) && (
          <Form.Item label={t('content.digest')} {...fault('digest')}>
            <Input
              aria-label={t('content.digest')}
              maxLength={120}
              placeholder={t('content.digest_hint')}
              value={draft.digest}
              onChange={(event) => set({ digest: event.target.value })}
            />
          </Form.Item>
        )}
        <Fields draft={draft} fault={fault} change={setBody} />
        {!['text', 'template'].includes(draft.kind) && <Carried draft={draft} fault={fault} change={setBody} />}
        <Form.Item
          label={t('content.key')}
          extra={isNew ? t('content.key_hint') : t('content.key_fixed')}
          style={{ marginBottom: 0, marginTop: 16 }}
          {...(isNew ? wrongKey : {})}
        >
          <Input
            aria-label={t('content.key')}
            maxLength={63}
            disabled={!isNew}
            placeholder={isNew ? shown?.key : undefined}
            value={draft.key}
            onChange={(event) => {
              setTaken(false)
              set({ key: event.target.value.trim().toLowerCase() })
            }}
            style={{ maxWidth: 420 }}
          />
        </Form.Item>
      </Form>
    </Card>
  )
  const phone = <Phone shown={shown} title={draft.title} customer={customer} choose={setCustomer} />
  return (
    <Page
      title={
        isNew
          ? t('content.new_kind', { kind: t(`content.kind.${draft.kind}`) })
          : t('content.edit_title', { title: begun.title })
      }
      name={isNew ? t('content.new') : begun.title}
      hint={t(PAGELESS.has(draft.kind) ? 'content.edit_hint_message' : 'content.edit_hint_page')}
      extra={
        <>
          <Button loading={saving.isPending && !saving.variables} onClick={() => saving.mutate(false)}>
            {t('content.save_draft')}
          </Button>
          <Button type="primary" loading={saving.isPending && saving.variables} onClick={() => saving.mutate(true)}>
            {t('content.save_publish')}
          </Button>
        </>
      }
    >
      {!wide && (
        <Segmented
          block
          aria-label={t('content.side')}
          value={side}
          onChange={setSide}
          options={[
            { value: 'write', label: t('content.side_write') },
            { value: 'look', label: t('content.side_look') },
          ]}
          style={{ marginBottom: 12 }}
        />
      )}
      <div className={wide ? 'content-desk' : undefined}>
        <div hidden={!wide && side === 'look'}>{form}</div>
        {(wide || side === 'look') && (
          <aside aria-label={t('content.side_look')}>
            {phone}
            {preview.error && <Typography.Text type="danger">{t('content.preview_failed')}</Typography.Text>}
          </aside>
        )}
      </div>
    </Page>
  )
}

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { App, Button, Card, Col, Flex, Form, Input, Row, Typography } from 'antd'
import { useReducer, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useFault } from '@/shared/fault'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { useLeaving } from '@/shared/useLeaving'
import { Estimate } from './Estimate'
import { Explain } from './Explain'
import { type Fault, GroupEditor, type Note, notesOf } from './GroupEditor'
import { close, emptyGroup, locate, open, reduce, unfinished } from './model'
import { Outrun } from './Outrun'
import { conditionSentence, useSpeech } from './sentence'

type Segment = components['schemas']['SegmentBody']
/** Codes that say less than the parameter that they are about. */
const PLAIN_CODES = new Set(['bad_condition', 'bad_time', 'bad_text', 'invalid'])

/** Make or change a segment: nested conditions, what they read as, how many match, who, and why one does. */
export function SegmentEditor({ segment }: { segment: Segment | null }) {
  const t = useSay()
  const { i18n } = useTranslation()
  const tell = useTell()
  const say = useFault()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const navigate = useNavigate()
  const speech = useSpeech()
  const mayWrite = useMay('segments.write')
  const [root, dispatch] = useReducer(reduce, segment, (given) => (given ? open(given.condition) : emptyGroup()))
  const [saved, setSaved] = useState({
    name: segment?.name ?? '',
    condition: JSON.stringify(close(root)),
    version: segment?.version,
  })
  const [name, setName] = useState(segment?.name ?? '')
  const [nameFault, setNameFault] = useState<string | null>(null)
  const [tried, setTried] = useState(false)
  const [refused, setRefused] = useState<Fault | null>(null)
  const [notes, setNotes] = useState<Note[]>([])
  const [outrun, setOutrun] = useState<'changed' | 'deleted' | null>(null)

  const condition = close(root)
  const gaps = unfinished(root)
  const ready = gaps.length === 0
  const text = JSON.stringify(condition)
  const changed = name !== saved.name || text !== saved.condition
  const leaving = useRef(false)
  useLeaving(() => mayWrite && changed && !leaving.current, t('segment.unsaved'), t('segment.unsaved_means'))
  const lacking = gaps.map(({ key, what }) => ({ key, at: what, message: t(`segment.lacks.${what}`) }))
  const faults = [...(refused ? [refused] : []), ...(tried ? lacking : [])]

  function refuse(error: unknown) {
    if (!(error instanceof ApiError)) return tell.failed(error)
    if (error.code === 'segment_changed') return setOutrun('changed')
    if (error.code === 'unknown_segment') return setOutrun('deleted')
    const message = say(error)
    if (error.field === 'name' || error.code === 'segment_name_taken') return setNameFault(message)
    const place = error.field?.startsWith('condition') ? locate(root, error.field) : null
    if (place) return setRefused({ key: place.key, at: place.rest, message: refusal(error, place.rest, message) })
    tell.failed(error)
  }

  /** In Chinese the parameter is said; the server's own message is English. */
  function refusal(error: ApiError, path: string, message: string): string {
    if (i18n.language !== 'zh' || !PLAIN_CODES.has(error.code)) return message
    const parameter = path.split('.').findLast((part) => !/^\d+$/.test(part))
    return t(`segment.fault.${parameter || 'whole'}`, { defaultValue: t('segment.fault.other', { path }) })
  }

  const saving = useMutation({
    mutationFn: async (overwriting: boolean) => {
      // Untouched, the definition goes back as it came: an equal one in other words would be a new version.
      const same = segment !== null && text === JSON.stringify(close(open(segment.condition)))
      const body = { name: name.trim(), condition: same ? segment.condition : condition }
      if (segment === null) return data(api.POST('/api/segments', { body }))
      const path = { segment_id: segment.segment_id }
      return data(
        api.PUT('/api/segments/{segment_id}', {
          params: { path },
          body: overwriting ? body : { ...body, version: saved.version },
        }),
      )
    },
    onSuccess: async ({ segment_id, version }) => {
      tell.done(t('segment.saved'))
      setOutrun(null)
      setSaved({ name, condition: text, version })
      leaving.current = segment === null
      await client.invalidateQueries({ queryKey: ['segments'] })
      await client.invalidateQueries({ queryKey: ['segment', segment_id] })
      await navigate({ to: '/segments/$id', params: { id: String(segment_id) } })
    },
    onError: refuse,
  })
  const deleting = useMutation({
    mutationFn: (segment_id: number) =>
      data(api.DELETE('/api/segments/{segment_id}', { params: { path: { segment_id } } })),
    onSuccess: async () => {
      tell.done(t('segment.deleted'))
      leaving.current = true
      await client.invalidateQueries({ queryKey: ['segments'] })
      await navigate({ to: '/segments' })
    },
    onError: (error) => {
      const used = error instanceof ApiError ? (error.detail.used_by as { name: string }[] | undefined) : undefined
      if (used) tell.say(t('segment.used_by', { names: used.map((one) => one.name).join(t('shared.comma')) }))
      else tell.failed(error)
    },
  })

  function save() {
    setTried(true)
    setRefused(null)
    setNameFault(name.trim() ? null : t('segment.name_needed'))
    if (name.trim() && ready) saving.mutate(false)
  }

  return (
    <Page
      title={segment?.name ?? t('segment.new')}
      hint={t(mayWrite ? 'segments.hint' : 'segment.read_only')}
      extra={
        mayWrite && (
          <>
            {segment && (
              <Button
                danger
                onClick={() =>
                  modal.confirm({
                    title: t('segment.delete_ask', { name: segment.name }),
                    content: t('segment.delete_means'),
                    okButtonProps: { danger: true },
                    okText: t('segment.delete'),
                    onOk: () => deleting.mutateAsync(segment.segment_id).catch(() => undefined),
                  })
                }
              >
                {t('segment.delete')}
              </Button>
            )}
            {changed && <Typography.Text type="secondary">{t('segment.unsaved')}</Typography.Text>}
            <Button type="primary" loading={saving.isPending} onClick={save}>
              {t('shared.save')}
            </Button>
          </>
        )
      }
    >
      <Row gutter={[12, 12]}>
        <Col xs={24} xl={16}>
          <Card styles={{ body: { padding: 16 } }}>
            <Form layout="vertical" onFinish={save}>
              <Form.Item
                label={t('segment.name')}
                required
                validateStatus={nameFault ? 'error' : ''}
                help={nameFault}
                htmlFor="segment-name"
              >
                <Input
                  id="segment-name"
                  value={name}
                  maxLength={100}
                  disabled={!mayWrite}
                  placeholder={t('segment.name_hint')}
                  onChange={(event) => {
                    setName(event.target.value)
                    setNameFault(null)
                  }}
                />
              </Form.Item>
            </Form>
            <GroupEditor
              top
              group={root}
              faults={faults}
              notes={notes}
              self={segment?.segment_id ?? null}
              dispatch={(action) => {
                setRefused(null)
                dispatch(action)
              }}
            />
            <Typography.Paragraph style={{ margin: '16px 0 0' }} data-testid="reads">
              <Typography.Text type="secondary">{t('segment.reads') + t('shared.colon')}</Typography.Text>
              {conditionSentence(root, speech)}
            </Typography.Paragraph>
          </Card>
        </Col>
        <Col xs={24} xl={8}>
          <Flex vertical gap={12}>
            <Estimate
              condition={condition}
              ready={ready}
              people={segment && text === saved.condition ? { segment: segment.segment_id } : { where: condition }}
              refused={refuse}
              needs={(found) => setNotes(notesOf(root, found))}
            />
            <Explain condition={condition} ready={ready} />
          </Flex>
        </Col>
      </Row>
      {outrun && segment && (
        <Outrun
          segment_id={segment.segment_id}
          deleted={outrun === 'deleted'}
          base={{ name: saved.name, condition: JSON.parse(saved.condition) as Record<string, unknown> }}
          mine={{ name: name.trim(), condition }}
          // The refused save is still pending when this opens, and a button that loads takes no clicks.
          overwriting={saving.isPending && saving.variables}
          overwrite={() => saving.mutate(true)}
          load={() => {
            leaving.current = true
            window.location.reload()
          }}
          made={(segment_id) => {
            leaving.current = true
            tell.done(t('segment.saved'))
            void client.invalidateQueries({ queryKey: ['segments'] })
            void navigate({ to: '/segments/$id', params: { id: String(segment_id) } })
          }}
          stay={() => setOutrun(null)}
        />
      )}
    </Page>
  )
}

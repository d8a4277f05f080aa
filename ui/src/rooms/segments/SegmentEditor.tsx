import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { App, Button, Card, Col, Flex, Form, Input, Row, Typography } from 'antd'
import { useReducer, useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useFault } from '@/shared/fault'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { Estimate } from './Estimate'
import { Explain } from './Explain'
import { type Fault, GroupEditor } from './GroupEditor'
import { close, emptyGroup, locate, open, reduce, unfinished } from './model'
import { conditionSentence, useSpeech } from './sentence'

type Segment = components['schemas']['SegmentBody']

/** Make or change a segment: nested conditions, what they read as, how many match, who, and why one does. */
export function SegmentEditor({ segment }: { segment: Segment | null }) {
  const t = useSay()
  const tell = useTell()
  const say = useFault()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const navigate = useNavigate()
  const speech = useSpeech()
  const mayWrite = useMay('segments.write')
  const [root, dispatch] = useReducer(reduce, segment, (given) => (given ? open(given.condition) : emptyGroup()))
  const [name, setName] = useState(segment?.name ?? '')
  const [nameFault, setNameFault] = useState<string | null>(null)
  const [tried, setTried] = useState(false)
  const [refused, setRefused] = useState<Fault | null>(null)

  const condition = close(root)
  const gap = unfinished(root)
  const gapFault = gap && { key: gap.key, message: t(`segment.lacks.${gap.what}`) }
  const faults = [refused, tried ? gapFault : null].filter((one): one is Fault => one !== null)

  function refuse(error: unknown) {
    if (!(error instanceof ApiError)) return tell.failed(error)
    const message = say(error)
    if (error.field === 'name' || error.code === 'segment_name_taken') return setNameFault(message)
    const place = error.field?.startsWith('condition') ? locate(root, error.field) : null
    if (place) return setRefused({ key: place.key, message })
    tell.failed(error)
  }

  const saving = useMutation({
    mutationFn: async () => {
      const body = { name: name.trim(), condition }
      if (segment === null) return data(api.POST('/api/segments', { body }))
      return data(api.PUT('/api/segments/{segment_id}', { params: { path: { segment_id: segment.segment_id } }, body }))
    },
    onSuccess: async ({ segment_id }) => {
      tell.done(t('segment.saved'))
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
      await client.invalidateQueries({ queryKey: ['segments'] })
      await navigate({ to: '/segments' })
    },
    onError: (error) => {
      const used = error instanceof ApiError ? (error.detail.used_by as { name: string }[] | undefined) : undefined
      if (used) tell.failed(t('segment.used_by', { names: used.map((one) => one.name).join(t('shared.comma')) }))
      else tell.failed(error)
    },
  })

  function save() {
    setTried(true)
    setRefused(null)
    setNameFault(name.trim() ? null : t('segment.name_needed'))
    if (name.trim() && !gap) saving.mutate()
  }

  return (
    <Page
      title={segment?.name ?? t('segment.new')}
      hint={t('segments.hint')}
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
            <Form layout="vertical">
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
              self={segment?.segment_id ?? null}
              dispatch={(action) => {
                setRefused(null)
                dispatch(action)
              }}
            />
            <Typography.Paragraph style={{ margin: '16px 0 0' }} data-testid="reads">
              <Typography.Text type="secondary">{t('segment.reads')}：</Typography.Text>
              {conditionSentence(root, speech)}
            </Typography.Paragraph>
          </Card>
        </Col>
        <Col xs={24} xl={8}>
          <Flex vertical gap={12}>
            <Estimate condition={condition} ready={gap === null} refused={refuse} />
            <Explain condition={condition} ready={gap === null} />
          </Flex>
        </Col>
      </Row>
    </Page>
  )
}

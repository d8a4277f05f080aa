import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Flex, Form, Input, Modal, Select, Skeleton, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useFault } from '@/shared/fault'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { exactly, when } from '@/shared/when'
import type { Stage } from './stages'

type Preview = components['schemas']['MovePreviewBody']

/** Somebody who stands in a stage, as the board shows people. */
export interface Standing {
  customer: number
  name: string
  stage: string
}
/** Who is to be moved, and where to as far as it is chosen already. */
export interface Moving {
  person: Standing
  to: string | null
}

const FIRST = 4

/** Move somebody to another stage: what is withdrawn and what comes next is shown before, and a reason is asked for. */
export function MoveDialog({
  journey,
  stages,
  moving,
  close,
}: {
  journey: number
  stages: Stage[]
  moving: Moving | null
  close: () => void
}) {
  return moving && <Ask key={JSON.stringify(moving)} journey={journey} stages={stages} moving={moving} close={close} />
}

function Ask({
  journey,
  stages,
  moving: { person, to },
  close,
}: {
  journey: number
  stages: Stage[]
  moving: Moving
  close: () => void
}) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const client = useQueryClient()
  const [stage, setStage] = useState(to)
  const [reason, setReason] = useState('')
  const path = { journey_id: journey }
  const preview = useQuery({
    queryKey: ['move', journey, person.customer, stage],
    enabled: stage !== null,
    retry: false,
    gcTime: 0,
    queryFn: () =>
      data(
        api.POST('/api/journeys/{journey_id}/moves/preview', {
          params: { path },
          body: { customers: [person.customer], stage: stage ?? '' },
        }),
      ),
  })
  const nameOf = (id: string) => stages.find((one) => one.id === id)?.name ?? id
  const doing = useMutation({
    mutationFn: (chosen: string) =>
      data(
        api.POST('/api/journeys/{journey_id}/moves', {
          params: { path },
          body: { customers: [person.customer], stage: chosen, reason: reason.trim() },
        }),
      ),
    onSuccess: (_, chosen) => {
      tell.done(t('move.done', { name: person.name, stage: nameOf(chosen) }))
      void client.invalidateQueries({ queryKey: ['standing', journey] })
      void client.invalidateQueries({ queryKey: ['wave', journey] })
      void client.invalidateQueries({ queryKey: ['people', journey] })
      close()
    },
    onError: tell.failed,
  })
  const ready = stage !== null && reason.trim() !== '' && preview.data !== undefined
  return (
    <Modal
      open
      title={t('move.title', { name: person.name })}
      okText={t('move.do')}
      okButtonProps={{ disabled: !ready, loading: doing.isPending }}
      onOk={() => stage && doing.mutate(stage)}
      onCancel={close}
    >
      <Form layout="vertical" component="div">
        <Form.Item label={t('move.where')}>
          <Flex gap={8} align="center">
            <Tag style={{ margin: 0 }}>{nameOf(person.stage)}</Tag>→
            <Select
              autoFocus={to === null}
              aria-label={t('move.to')}
              placeholder={t('move.choose')}
              value={stage ?? undefined}
              onChange={setStage}
              options={stages
                .filter((one) => one.id !== person.stage)
                .map((one) => ({ value: one.id, label: one.name }))}
              style={{ flex: 1 }}
            />
          </Flex>
        </Form.Item>
        <Form.Item label={t('move.reason')}>
          <Input
            autoFocus={to !== null}
            aria-label={t('move.reason')}
            placeholder={t('move.reason_hint')}
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            onPressEnter={() => ready && !doing.isPending && doing.mutate(stage)}
          />
        </Form.Item>
      </Form>
      {stage !== null && preview.isPending && <Skeleton active title={false} paragraph={{ rows: 3 }} />}
      {preview.error && <Alert type="error" showIcon title={fault(preview.error)} />}
      {preview.data && <Shown preview={preview.data} stages={stages} />}
    </Modal>
  )
}

/** What a move does: what is taken back, and the pieces that come. */
function Shown({ preview, stages }: { preview: Preview; stages: Stage[] }) {
  const t = useSay()
  const pieces = new Map(stages.flatMap((stage) => stage.pieces ?? []).map((piece) => [piece.id, piece]))
  const called = (node: string, title: string) => {
    const piece = pieces.get(node)
    return piece?.title ?? piece?.text ?? title
  }
  const rest = preview.coming.length - FIRST
  return (
    <Flex vertical gap={12} data-testid="move-preview">
      <section aria-label={t('move.withdrawn')}>
        <Typography.Text strong>{t('move.withdrawn')}</Typography.Text>
        {preview.withdrawn.length === 0 && <div className="move-line">{t('move.withdraws_nothing')}</div>}
        {preview.withdrawn.map((one) => (
          <div key={`${one.node} ${one.handed}`} className="move-line">
            <span className="move-name">{called(one.node, one.title)}</span>
            <Tag color={one.handed ? 'orange' : 'default'}>{t(one.handed ? 'move.handed' : 'move.not_sent')}</Tag>
          </div>
        ))}
      </section>
      <section aria-label={t('move.coming')}>
        <Typography.Text strong>{t('move.coming')}</Typography.Text>
        {preview.coming.length === 0 && <div className="move-line">{t('move.nothing_comes')}</div>}
        {preview.coming.slice(0, FIRST).map((one) => (
          <div key={`${one.node} ${one.at}`} className="move-line">
            <span className="move-when" title={exactly(one.at)}>
              {when(one.at)}
            </span>
            <span className={one.skip ? 'move-name move-skipped' : 'move-name'}>{called(one.node, one.title)}</span>
            {one.skip && <Tag>{t(`edge.${one.skip}`)}</Tag>}
          </div>
        ))}
        {rest > 0 && <div className="move-line">{t('move.more', { count: number(rest) })}</div>}
      </section>
      <Typography.Text type="secondary">{t('move.decided_then')}</Typography.Text>
    </Flex>
  )
}

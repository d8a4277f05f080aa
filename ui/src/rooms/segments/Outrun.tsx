import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Descriptions, Flex, Form, Input, Modal, Typography } from 'antd'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { sourceWord } from '@/rooms/customers/events'
import { useFault } from '@/shared/fault'
import { type Say, useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { when } from '@/shared/when'
import { type Difference, differences } from './differences'
import { useSpeech } from './sentence'

type Segment = components['schemas']['SegmentBody']

/** A segment as it stands on one screen. */
export interface Draft {
  name: string
  condition: Record<string, unknown>
}

/**
 * Somebody else saved or deleted the segment meanwhile: who, when and what they changed; their version, one's own over
 * theirs, one's own as a new segment, or one's own left on the screen, unsaved.
 */
export function Outrun({
  segment_id,
  deleted,
  base,
  mine,
  overwrite,
  overwriting,
  load,
  made,
  stay,
}: {
  segment_id: number
  deleted: boolean
  /** The version that one's own began from. */
  base: Draft
  mine: Draft
  overwrite: () => void
  overwriting: boolean
  load: () => void
  made: (segment_id: number) => void
  stay: () => void
}) {
  const t = useSay()
  const theirs = useQuery({
    queryKey: ['segment', segment_id, 'theirs'],
    enabled: !deleted,
    gcTime: 0,
    retry: false,
    queryFn: () => data(api.GET('/api/segments/{segment_id}', { params: { path: { segment_id } } })),
  })
  return (
    <Modal
      open
      width={640}
      onCancel={stay}
      title={t(deleted ? 'segment.gone' : 'error.segment_changed')}
      footer={
        <Flex wrap gap={8} justify="flex-end">
          {!deleted && (
            <>
              <Button danger onClick={load}>
                {t('segment.show_theirs')}
              </Button>
              <Button danger loading={overwriting} onClick={overwrite}>
                {t('segment.overwrite')}
              </Button>
            </>
          )}
          <Button type="primary" autoFocus onClick={stay}>
            {t('segment.keep_mine')}
          </Button>
        </Flex>
      }
    >
      {deleted ? (
        <Typography.Paragraph>{t('segment.gone_means')}</Typography.Paragraph>
      ) : (
        <Loaded query={theirs}>{(found) => <Theirs theirs={found} base={base} mine={mine} />}</Loaded>
      )}
      <SaveAsNew mine={mine} deleted={deleted} made={made} />
    </Modal>
  )
}

function Theirs({ theirs, base, mine }: { theirs: Segment; base: Draft; mine: Draft }) {
  const t = useSay()
  const speech = useSpeech()
  return (
    <>
      <Alert
        showIcon
        type="warning"
        style={{ marginBottom: 12 }}
        title={t('segment.changed_by', {
          who: sourceWord(theirs.changed_by, speech.names, t),
          at: when(theirs.changed_at),
        })}
      />
      <Descriptions
        column={1}
        size="small"
        items={[
          {
            key: 'theirs',
            label: t('segment.their_change'),
            children: <Told found={differences(base, theirs, speech)} say={t} />,
          },
          {
            key: 'mine',
            label: t('segment.my_change'),
            children: <Told found={differences(base, mine, speech)} say={t} />,
          },
        ]}
      />
    </>
  )
}

function Told({ found, say }: { found: Difference; say: Say }) {
  const lines = [
    ...(found.name ? [say('segment.diff_name', { ...found.name })] : []),
    ...found.added.map((what) => say('segment.diff_added', { what })),
    ...found.removed.map((what) => say('segment.diff_removed', { what })),
    ...(found.whole ? [say('segment.diff_whole', { ...found.whole })] : []),
  ]
  return (
    <div>
      {lines.length === 0 && <Typography.Text type="secondary">{say('segment.diff_none')}</Typography.Text>}
      {lines.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </div>
  )
}

function SaveAsNew({ mine, deleted, made }: { mine: Draft; deleted: boolean; made: (segment_id: number) => void }) {
  const t = useSay()
  const say = useFault()
  // The name of a deleted segment is free again.
  const [name, setName] = useState(deleted ? mine.name : t('segment.copy_of', { name: mine.name }))
  const saving = useMutation({
    mutationFn: () => data(api.POST('/api/segments', { body: { name: name.trim(), condition: mine.condition } })),
    onSuccess: ({ segment_id }) => made(segment_id),
  })
  const fault = saving.error
  const about =
    fault instanceof ApiError && fault.code === 'invalid' ? t('segment.fault.new_name') : fault && say(fault)
  return (
    <Form layout="vertical" style={{ marginTop: 16 }} onFinish={() => saving.mutate()}>
      <Form.Item
        label={t('segment.as_new')}
        validateStatus={fault ? 'error' : ''}
        help={about}
        htmlFor="segment-as-new"
      >
        <Flex gap={8}>
          <Input
            id="segment-as-new"
            value={name}
            maxLength={60}
            onChange={(event) => {
              setName(event.target.value)
              saving.reset()
            }}
          />
          <Button htmlType="submit" disabled={!name.trim()} loading={saving.isPending}>
            {t('segment.save_as_new')}
          </Button>
        </Flex>
      </Form.Item>
    </Form>
  )
}

import { Button, Card, Flex, Typography } from 'antd'
import { useEffect, useRef } from 'react'
import { useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { when } from '@/shared/when'
import { ordersWord } from './Comparison'
import { type Case, type Member, together } from './comparing'
import type { Verdict } from './useCases'

/** The two answers, each with what will happen. */
export function Choice({
  one,
  meant,
  busy,
  decide,
}: {
  one: Case
  meant: Member[]
  busy: boolean
  decide: (verdict: Verdict) => void
}) {
  const t = useSay()
  const sum = together(meant)
  const shared = useShared(one)
  const rest = one.members.length - meant.length
  const what = [
    t('review.same_events', { count: sum.events }),
    ...(sum.orders ? [ordersWord(sum.orders, sum.spent, t)] : []),
  ].join(t('shared.comma'))
  const lines = {
    same: [
      t('review.same_keeps', { count: meant.length, id: sum.keeps }),
      t('review.same_gathers', { what }),
      t('review.same_means'),
    ],
    different: [t('review.different_keeps', { count: meant.length }), t('review.different_means', { shared })],
  }
  return (
    <Flex gap={12} wrap style={{ marginTop: 16 }}>
      {(['same', 'different'] as const).map((verdict) => (
        <Card key={verdict} size="small" style={{ flex: '1 1 280px', background: 'var(--siyu-wash)' }}>
          <Button
            type={verdict === 'same' ? 'primary' : 'default'}
            loading={busy}
            disabled={meant.length < 2}
            aria-describedby={`means-${verdict}`}
            onClick={() => decide(verdict)}
          >
            {t(`review.${verdict}`)} <kbd>{verdict === 'same' ? '1' : '2'}</kbd>
          </Button>
          <ul id={`means-${verdict}`} style={{ margin: '10px 0 0', paddingInlineStart: 18 }}>
            {lines[verdict].map((line) => (
              <li key={line}>{line}</li>
            ))}
            {rest > 0 && <li>{t('review.rest', { count: rest })}</li>}
          </ul>
        </Card>
      ))}
      {meant.length < 2 && <Typography.Text type="danger">{t('review.choose_two')}</Typography.Text>}
    </Flex>
  )
}

/** What the people of a case have in common, in words. */
export function useShared(one: Case): string {
  const t = useSay()
  return one.shared
    .map(({ kind, value }) => {
      const word = t(`identity.${kind}`, { defaultValue: kind })
      return value ? t('review.of_value', { kind: word, value }) : word
    })
    .join(t('shared.comma'))
}

/** Why the people of a case did not become one by themselves. */
export function Why({ one }: { one: Case }) {
  const t = useSay()
  const told = useRef<HTMLDivElement>(null)
  // The button that was used is gone with the case before: the keyboard goes on with this one, and it is read out.
  useEffect(() => {
    if (document.activeElement === document.body) told.current?.focus()
  }, [])
  const names = useNames()
  const shared = useShared(one)
  const against = one.contradictions
    .map(({ kind }) => t(`identity.${kind}`, { defaultValue: kind }))
    .join(t('shared.comma'))
  const said = one.kept_apart[0]
  return (
    <div ref={told} tabIndex={-1} style={{ marginBottom: 12, fontSize: 16, outline: 'none' }}>
      {against ? t('review.why', { shared, against }) : t('review.why_shared', { shared })}
      <Typography.Text type="secondary" style={{ fontSize: 14 }}>
        {' '}
        {t('review.opened', { at: when(one.opened_at) })}
      </Typography.Text>
      {said && ` ${t('review.kept_apart', { who: said.actor_name ?? names.staff(said.actor.split(':')[1]) })}`}
    </div>
  )
}

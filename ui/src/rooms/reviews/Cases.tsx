import { Button, Card, Flex, Grid, Typography } from 'antd'
import { useEffect, useState } from 'react'
import { More } from '@/shared/More'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { Choice, Why } from './Choice'
import { Comparison } from './Comparison'
import type { Case } from './comparing'
import { Decided } from './Decided'
import { useCases, type Verdict } from './useCases'
import { useKeys } from './useKeys'
import './reviews.css'

/** So long a case must have been in view before it can be decided, in milliseconds: a second click is not for it. */
const SEEN = 600

/** The open cases one after the other: who they are side by side, and the two answers. */
export function Cases() {
  const t = useSay()
  const cases = useCases()
  const { list, last } = cases
  return (
    <>
      {last && <Decided last={last} busy={cases.busy} undo={cases.undo} close={cases.forget} />}
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) =>
          rows.length === 0 ? (
            <Card>
              <Nothing title={t('reviews.none')}>
                <Typography.Text type="secondary">{t('reviews.none_means')}</Typography.Text>
              </Nothing>
            </Card>
          ) : (
            <Queue rows={rows} cases={cases} />
          )
        }
      </Loaded>
    </>
  )
}

function Queue({ rows, cases }: { rows: Case[]; cases: ReturnType<typeof useCases> }) {
  const t = useSay()
  const wide = Grid.useBreakpoint().xl ?? true
  const [at, setAt] = useState<number | null>(null)
  const index = Math.max(
    rows.findIndex((row) => row.case_id === at),
    0,
  )
  const one = rows[index]
  const go = (to: number) => {
    const next = rows[to]
    if (next) setAt(next.case_id)
  }
  const back = cases.undone
  useEffect(() => {
    if (back !== null) setAt(back)
  }, [back])
  if (!one) return null
  const more = cases.list.hasNextPage
  return (
    <Flex gap={16} align="flex-start">
      {wide && (
        <Card size="small" style={{ width: 240, flex: 'none' }} styles={{ body: { padding: 4 } }}>
          <nav aria-label={t('reviews.open')} className="siyu-cases">
            {rows.map((row) => (
              <button
                type="button"
                key={row.case_id}
                aria-current={row.case_id === one.case_id}
                onClick={() => setAt(row.case_id)}
              >
                <span>{row.members.map((member) => member.name ?? t('review.nameless')).join(t('shared.comma'))}</span>
                <span>{when(row.opened_at)}</span>
              </button>
            ))}
            <More list={cases.list} />
          </nav>
        </Card>
      )}
      <div style={{ flex: 1, minWidth: 0 }}>
        <Flex wrap gap={8} align="center" justify="space-between" style={{ marginBottom: 12 }}>
          <Typography.Text strong aria-live="polite">
            {t(more ? 'review.place_more' : 'review.place', { at: index + 1, of: rows.length })}
          </Typography.Text>
          <Flex gap={8} align="center">
            <Button size="small" disabled={index === 0} onClick={() => go(index - 1)}>
              {t('review.previous')} <kbd>←</kbd>
            </Button>
            <Button size="small" disabled={index === rows.length - 1 && !more} onClick={() => forward()}>
              {t('review.next')} <kbd>→</kbd>
            </Button>
          </Flex>
        </Flex>
        <One key={one.case_id} one={one} cases={cases} previous={() => go(index - 1)} next={forward} leave={leave} />
      </div>
    </Flex>
  )

  function forward() {
    if (index < rows.length - 1) go(index + 1)
    else if (more) void cases.list.fetchNextPage()
  }

  /** The case is settled: what comes after it is shown. */
  function leave() {
    setAt((rows[index + 1] ?? rows[index - 1])?.case_id ?? null)
  }
}

function One({
  one,
  cases,
  previous,
  next,
  leave,
}: {
  one: Case
  cases: ReturnType<typeof useCases>
  previous: () => void
  next: () => void
  leave: () => void
}) {
  const t = useSay()
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSeen(true), SEEN)
    return () => clearTimeout(timer)
  }, [])
  const [chosen, choose] = useState(() => one.members.map((member) => member.customer_id))
  const meant = one.members.filter((member) => chosen.includes(member.customer_id))
  function decide(verdict: Verdict) {
    if (!seen || cases.busy || meant.length < 2) return
    cases.decide(one, verdict, meant, leave)
  }
  useKeys({
    '1': () => decide('same'),
    '2': () => decide('different'),
    ArrowLeft: previous,
    ArrowRight: next,
    u: () => cases.last && !cases.busy && cases.undo(cases.last),
  })
  return (
    <section aria-label={t('review.this')} aria-busy={!seen}>
      <Card>
        <Why one={one} />
        <Comparison one={one} chosen={chosen} choose={choose} />
        <Choice one={one} meant={meant} busy={cases.busy} decide={decide} />
        <Typography.Paragraph type="secondary" style={{ margin: '12px 0 0' }} className="siyu-keys">
          {t('review.keys')}
        </Typography.Paragraph>
      </Card>
    </section>
  )
}

import { Link } from '@tanstack/react-router'
import { Checkbox, Flex, Table, Tag, Typography } from 'antd'
import type { ReactNode } from 'react'
import { arrival, sourceWord } from '@/rooms/customers/events'
import { useNames } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { money, when } from '@/shared/when'
import { type Case, type Compared, compared, type Member } from './comparing'

/** Marks are words and colour, so that they are also there for who sees no colour. */
const WASH = { against: '#fff1f0', shared: '#edf8f3', plain: undefined }

interface Fact {
  key: string
  title: string
  mark: Compared['mark']
  of: (member: Member) => ReactNode
}

/** The people of a case side by side; of three and more it can be chosen who is meant. */
export function Comparison({
  one,
  chosen,
  choose,
}: {
  one: Case
  chosen: number[]
  choose: (customers: number[]) => void
}) {
  const t = useSay()
  const facts = useFacts(one)
  const several = one.members.length > 2
  return (
    <Table<Fact>
      size="small"
      bordered
      rowKey="key"
      pagination={false}
      dataSource={facts}
      scroll={{ x: 'max-content' }}
      columns={[
        {
          title: t('review.fact'),
          rowScope: 'row',
          width: 116,
          fixed: 'left',
          onCell: (fact) => ({ style: { background: WASH[fact.mark] } }),
          render: (_, fact) => (
            <Flex vertical gap={2} align="flex-start">
              {fact.title}
              {fact.mark === 'against' && <Tag color="red">{t('review.contradicts')}</Tag>}
            </Flex>
          ),
        },
        ...one.members.map((member) => ({
          key: member.customer_id,
          title: (
            <Flex gap={8} align="center">
              {several && (
                <Checkbox
                  aria-label={t('review.meant', { name: member.name ?? `#${member.customer_id}` })}
                  checked={chosen.includes(member.customer_id)}
                  onChange={(event) =>
                    choose(
                      event.target.checked
                        ? [...chosen, member.customer_id]
                        : chosen.filter((id) => id !== member.customer_id),
                    )
                  }
                />
              )}
              <Link to="/customers/$id" params={{ id: String(member.customer_id) }}>
                {member.name ?? t('review.nameless')}
              </Link>
              <Typography.Text type="secondary" style={{ fontWeight: 400 }}>
                #{member.customer_id}
              </Typography.Text>
            </Flex>
          ),
          onCell: (fact: Fact) => ({ style: { background: WASH[fact.mark], minWidth: 150, verticalAlign: 'top' } }),
          render: (_: unknown, fact: Fact) => fact.of(member),
        })),
      ]}
    />
  )
}

function useFacts(one: Case): Fact[] {
  const t = useSay()
  const names = useNames()
  const joint = new Set(one.shared.map((value) => `${value.kind}:${value.value}`))
  const nobody = <Typography.Text type="secondary">—</Typography.Text>
  const touch = (found: Member['first_touch']) => {
    if (!found) return nobody
    const from = found.kind === 'import' ? sourceWord(`import:${found.code}`, names, t) : arrival(path(found), t)
    return `${from} · ${when(found.at)}`
  }
  const path = (found: NonNullable<Member['first_touch']>) => `${found.kind}/${found.code}`
  /** A fact that at least one of them has. */
  const fact = (key: string, has: (member: Member) => unknown, of: Fact['of']): Fact[] =>
    one.members.some(has) ? [{ key, title: t(`review.fact.${key}`), mark: 'plain', of }] : []
  return [
    ...compared(one).map((row) => ({
      key: `${row.kind}:${row.scope}`,
      title: kindWord(row, names.account, t),
      mark: row.mark,
      of: (member: Member) =>
        row.held.get(member.customer_id)?.map((known) => (
          <div key={known.value} style={{ marginBottom: 2 }}>
            <Flex gap={6} wrap align="center">
              <span style={{ overflowWrap: 'anywhere', fontWeight: row.mark === 'against' ? 600 : undefined }}>
                {known.value ?? t('review.erased')}
              </span>
              {joint.has(`${known.kind}:${known.value}`) && <Tag color="green">{t('review.shared')}</Tag>}
            </Flex>
            <Typography.Text type="secondary" style={{ fontSize: 12 }}>
              {known.sources.map((source) => sourceWord(source, names, t)).join(t('shared.comma'))}
            </Typography.Text>
          </div>
        )) ?? nobody,
    })),
    ...fact(
      'first',
      (member) => member.first_touch,
      (member) => touch(member.first_touch),
    ),
    ...fact(
      'latest',
      (member) => member.latest_touch && member.latest_touch.at !== member.first_touch?.at,
      (member) => touch(member.latest_touch),
    ),
    ...fact(
      'created',
      () => true,
      (member) => when(member.created_at),
    ),
    ...fact(
      'active',
      (member) => member.last_activity_at,
      (member) => when(member.last_activity_at),
    ),
    ...fact(
      'events',
      () => true,
      (member) => number(member.events),
    ),
    ...fact(
      'orders',
      (member) => member.orders > 0,
      (member) => (member.orders ? ordersWord(member.orders, member.spent, t) : nobody),
    ),
    ...fact(
      'follows',
      (member) => member.follows.length > 0,
      (member) =>
        member.follows.length === 0
          ? nobody
          : member.follows.map((follow) => (
              <div key={`${follow.account_id}:${follow.staff}`}>
                {follow.staff_name ?? (follow.staff || names.account(follow.account_id))}
                {!follow.following && <Typography.Text type="secondary"> {t('review.lost')}</Typography.Text>}
              </div>
            )),
    ),
  ]
}

/** How many orders, and what they come to. */
export function ordersWord(
  count: number,
  spent: { currency: string; amount: number }[],
  t: ReturnType<typeof useSay>,
): string {
  const sums = spent.map((sum) => money(sum.amount, sum.currency)).join(t('shared.comma'))
  return t('review.orders', { count, sums })
}

/** A kind of identity with what it belongs to: the account of an openid, the system of a CRM id. */
export function kindWord(
  { kind, scope }: { kind: string; scope: string },
  account: (id: unknown) => string,
  t: ReturnType<typeof useSay>,
): string {
  const word = t(`identity.${kind}`, { defaultValue: kind })
  if (!scope) return word
  return t('review.of_value', { kind: word, value: kind === 'oa_openid' ? account(scope) : scope })
}

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Card, Flex, Grid, Statistic, Table, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useCompany } from '@/shared/CompanyTime'
import { number } from '@/shared/number'
import { type Say, useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { exactly, when } from '@/shared/when'
import { span } from './desk'
import { missed, spoken } from './told'
import { type Member, minutes, type Team as TeamDay, totals } from './totals'

/** The day of everybody who sends, for those who look after them: who keeps customers waiting stands first. */
export function Team() {
  const t = useSay()
  const team = useQuery({
    queryKey: ['desk', 'team'],
    refetchInterval: 10_000,
    queryFn: () => data(api.GET('/api/outreach/desk/team')),
  })
  return (
    <section aria-label={t('pushdesk.team')}>
      <Loaded query={team}>
        {(found) =>
          found.members.length === 0 ? (
            <Card>
              <Nothing title={t('pushdesk.team_empty')}>
                <Typography.Text type="secondary">{t('pushdesk.team_empty_hint')}</Typography.Text>
              </Nothing>
            </Card>
          ) : (
            <Members team={found} />
          )
        }
      </Loaded>
    </section>
  )
}

function Members({ team }: { team: TeamDay }) {
  const wide = Grid.useBreakpoint().lg ?? true
  const now = useCompany(true).data?.now ?? ''
  return (
    <Flex vertical gap={12}>
      <Totals team={team} />
      {wide ? (
        <Wide team={team} now={now} />
      ) : (
        team.members.map((one) => <Narrow key={one.userid} one={one} now={now} />)
      )}
    </Flex>
  )
}

function Totals({ team }: { team: TeamDay }) {
  const t = useSay()
  const sum = totals(team.members)
  const figures: [string, string][] = [
    ['waiting', number(sum.waiting)],
    ['planned', number(sum.planned)],
    ['confirmed', number(sum.confirmed)],
    ['expired', number(sum.expired)],
    ['reached_people', `${number(sum.received)} / ${number(sum.people)}`],
    ['minutes_left', number(minutes(sum.seconds_left))],
  ]
  return (
    <Card styles={{ body: { padding: 16 } }}>
      <Flex wrap gap="12px 40px">
        {figures.map(([word, value]) => (
          <Statistic
            key={word}
            title={t(`pushdesk.team.${word}`)}
            value={value}
            styles={{ content: { fontSize: 22, fontVariantNumeric: 'tabular-nums' } }}
          />
        ))}
      </Flex>
    </Card>
  )
}

function Wide({ team, now }: { team: TeamDay; now: string }) {
  const t = useSay()
  const figure = (word: string, of: (one: Member) => number) => ({
    title: t(`pushdesk.team.${word}`),
    align: 'right' as const,
    render: (_: unknown, one: Member) => number(of(one)),
  })
  return (
    <Table
      rowKey="userid"
      dataSource={team.members}
      pagination={team.members.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
      columns={[
        { title: t('pushdesk.team.member'), render: (_, one) => <Name one={one} /> },
        { title: t('pushdesk.team.waiting'), render: (_, one) => <Waiting one={one} now={now} /> },
        figure('planned', (one) => one.planned),
        figure('confirmed', (one) => one.confirmed),
        {
          title: t('pushdesk.team.expired'),
          align: 'right',
          render: (_, one) => <Expired count={one.expired} />,
        },
        {
          title: t('pushdesk.team.reached_people'),
          align: 'right',
          render: (_, one) => (
            <>
              {number(one.received)} / {number(one.people)}
              <Notes lines={notes(t, one)} />
            </>
          ),
        },
        figure('minutes_left', (one) => minutes(one.seconds_left)),
      ]}
    />
  )
}

function Narrow({ one, now }: { one: Member; now: string }) {
  const t = useSay()
  return (
    <Card size="small" styles={{ body: { padding: '12px 16px' } }}>
      <Flex justify="space-between" gap={8} align="flex-start">
        <Name one={one} />
        <Typography.Text type="secondary" style={{ whiteSpace: 'nowrap' }}>
          {t('pushdesk.only_minutes', { minutes: minutes(one.seconds_left) })}
        </Typography.Text>
      </Flex>
      <Waiting one={one} now={now} />
      <Typography.Text type="secondary" style={{ display: 'block' }}>
        {[
          t('pushdesk.team.figures', { planned: one.planned, confirmed: one.confirmed, expired: one.expired }),
          t('pushdesk.reached', { done: one.received, total: one.people }),
          ...notes(t, one),
        ].join(' · ')}
      </Typography.Text>
    </Card>
  )
}

function Name({ one }: { one: Member }) {
  if (one.staff_id === null) return <Typography.Text>{one.name}</Typography.Text>
  return (
    <Link to="/pushdesk" search={{ staff: one.staff_id }}>
      {one.name}
    </Link>
  )
}

/** Tasks that wait to be confirmed, and for how long the oldest does. */
function Waiting({ one, now }: { one: Member; now: string }) {
  const t = useSay()
  if (one.waiting === 0) return <Typography.Text type="secondary">{t('pushdesk.none_waiting')}</Typography.Text>
  const waits = one.since ? span(one.since, now) : null
  return (
    <span>
      <Tag color="gold">{t('pushdesk.waiting', { count: one.waiting })}</Tag>
      {one.since && (
        <Typography.Text type="secondary" title={exactly(one.since)}>
          {waits ? t('pushdesk.team.since', { span: spoken(t, waits) }) : when(one.since)}
        </Typography.Text>
      )}
    </span>
  )
}

function Expired({ count }: { count: number }) {
  return count ? <Typography.Text type="danger">{number(count)}</Typography.Text> : number(count)
}

function Notes({ lines }: { lines: string[] }) {
  return lines.map((line) => (
    <Typography.Text key={line} type="secondary" style={{ display: 'block', fontSize: 12 }}>
      {line}
    </Typography.Text>
  ))
}

function notes(t: Say, one: Member): string[] {
  return [...missed(t, one), ...(one.moved ? [t('pushdesk.team.moved', { count: one.moved })] : [])]
}

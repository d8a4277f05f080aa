import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Card, Flex, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useAttributes, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { day, when } from '@/shared/when'
import { GreetingForm } from './GreetingForm'
import { type Greeting, occasionWord } from './greetings'
import { RuleList } from './RuleList'

type Coming = components['schemas']['ComingBody']

/** The greetings on birthdays and festivals, and who gets them in the next days. */
export function Greetings() {
  const t = useSay()
  const names = useNames()
  const titles = new Map(useAttributes().data?.map((one) => [one.name, one.title]))
  const how = (row: Greeting) =>
    row.ways.length === 0
      ? t('greeting.by.task')
      : row.ways
          .map((way) => t('greeting.way', { route: t(`route.${way.route}`), account: names.account(way.account_id) }))
          .join(' → ')
  return (
    <RuleList<Greeting>
      words="greeting"
      id={(row) => row.greeting_id}
      load={() => data(api.GET('/api/replies/greetings'))}
      remove={(greeting_id) =>
        data(api.DELETE('/api/replies/greetings/{greeting_id}', { params: { path: { greeting_id } } }))
      }
      about={(row) => occasionWord(t, row.occasion, (name) => titles.get(name) ?? name)}
      between={[
        {
          title: t('greeting.how'),
          render: (_, row) => (
            <>
              <div>{row.at}</div>
              <Typography.Text type="secondary">{how(row)}</Typography.Text>
            </>
          ),
        },
      ]}
      state={{
        title: t('greeting.next'),
        render: (_, row) =>
          row.active ? (
            <span style={{ whiteSpace: 'nowrap' }}>{when(row.next_at)}</span>
          ) : (
            <Tag>{t('replies.off')}</Tag>
          ),
      }}
      form={(greeting, close) => <GreetingForm greeting={greeting} close={close} />}
      below={(rows) => rows.length > 0 && <ComingDays />}
    />
  )
}

/** Who will be greeted in the next days. */
function ComingDays() {
  const t = useSay()
  const enabled = useMay('customers.read')
  const coming = useQuery({
    queryKey: ['replies', 'greetings', 'coming'],
    enabled,
    queryFn: () => data(api.GET('/api/replies/greetings/coming', { params: { query: { days: 7 } } })),
  })
  if (!enabled) return null
  return (
    <Card
      title={t('greeting.coming')}
      extra={<Typography.Text type="secondary">{t('greeting.coming_hint')}</Typography.Text>}
    >
      <Loaded query={coming}>
        {(found) =>
          found.length === 0 ? (
            <Nothing title={t('greeting.coming_none')} />
          ) : (
            <Flex vertical gap={12}>
              {found.map((one) => (
                <div key={`${one.greeting_id} ${one.day}`}>
                  <Typography.Text strong>{day(one.day)}</Typography.Text>{' '}
                  {t('greeting.coming_one', { name: one.name, count: one.people })}
                  <People one={one} />
                </div>
              ))}
            </Flex>
          )
        }
      </Loaded>
    </Card>
  )
}

function People({ one }: { one: Coming }) {
  const t = useSay()
  const more = one.people - one.first.length
  return (
    <Flex wrap gap={4} style={{ marginTop: 4 }}>
      {one.first.map((person) => (
        <Link key={person.customer_id} to="/customers/$id" params={{ id: String(person.customer_id) }}>
          <Tag style={{ margin: 0, cursor: 'pointer' }}>{person.name || `#${person.customer_id}`}</Tag>
        </Link>
      ))}
      {more > 0 && <Typography.Text type="secondary">{t('greeting.more', { count: more })}</Typography.Text>}
    </Flex>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Button, Card, Flex, Space, Tag, Tooltip, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { open } from '@/rooms/segments/model'
import { conditionSentence, useSpeech } from '@/rooms/segments/sentence'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { type CustomersSearch, conditionOf, listedBy, unfiltered } from './address'
import { Filters, SortBy } from './Filters'
import { PeopleTable } from './PeopleTable'
import { SaveSegment } from './SaveSegment'
import { TagMany } from './TagMany'

type Total = components['schemas']['TotalBody']
const PAGE = 50
const NOBODY: number[] = []

/** Customers by search and filters, how many they are, and what can be done with all of them. */
export default function CustomersList() {
  const t = useSay()
  const speech = useSpeech()
  const search = useSearch({ from: '/frame/customers' })
  const navigate = useNavigate({ from: '/customers' })
  const narrow = (change: Partial<CustomersSearch>, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace })
  const condition = listedBy(search)
  const q = search.q ?? ''
  const key = JSON.stringify([condition, q])

  const list = usePortions(['people', key, search.sort], (cursor) =>
    data(
      api.POST('/api/segments/people', { body: { condition, q, sort: search.sort ?? 'name', cursor, limit: PAGE } }),
    ),
  )
  const total = useQuery({
    queryKey: ['people', 'total', key],
    queryFn: () => data(api.POST('/api/segments/people/total', { body: { condition, q } })),
  })
  const filtered = conditionOf(search).all.length > 0
  return (
    <Page title={t('nav.customers')} hint={t('customers.hint')}>
      <Filters search={search} narrow={narrow} />
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <Chosen
            // Whoever narrows the list anew chooses anew.
            key={key}
            search={search}
            total={total.data}
            sort={<SortBy search={search} narrow={narrow} />}
            says={
              <>
                {search.where && (
                  <Tag
                    color="green"
                    closable
                    onClose={() => narrow({ where: undefined })}
                    style={{ whiteSpace: 'normal' }}
                  >
                    {conditionSentence(open(search.where), speech)}
                  </Tag>
                )}
                {search.region && (
                  <Tag color="green" closable onClose={() => narrow({ region: undefined })}>
                    {t('attribute.region')} {search.region}
                  </Tag>
                )}
                {filtered && (
                  <Button
                    type="link"
                    size="small"
                    onClick={() => void navigate({ search: (before) => unfiltered(before) })}
                  >
                    {t('customers.unfilter')}
                  </Button>
                )}
                {search.sort === 'activity' && (
                  <Typography.Text type="secondary">{t('customers.only_active')}</Typography.Text>
                )}
              </>
            }
          >
            {(selection) => (
              <Card styles={{ body: { padding: 0 } }}>
                <PeopleTable
                  rows={rows}
                  selection={selection}
                  clear={filtered || q ? () => void navigate({ search: {} }) : null}
                />
                <More list={list} />
              </Card>
            )}
          </Chosen>
        )}
      </Loaded>
    </Page>
  )
}

/** How many there are, who of them is chosen, and what to do with those. */
function Chosen({
  search,
  total,
  says,
  sort,
  children,
}: {
  search: CustomersSearch
  total: Total | undefined
  says: React.ReactNode
  sort: React.ReactNode
  children: (selection: React.ComponentProps<typeof PeopleTable>['selection']) => React.ReactNode
}) {
  const t = useSay()
  const mayTag = useMay('tags.write')
  const maySave = useMay('segments.write')
  const [ids, setIds] = useState(NOBODY)
  const [all, setAll] = useState(false)
  const [asking, setAsking] = useState<'add' | 'remove' | 'save' | null>(null)
  const filter = conditionOf(search)
  const q = search.q ?? ''
  const people = all ? (total ? counted(total, t) : '') : t('customers.people', { n: number(ids.length) })
  const some = all || ids.length > 0
  const choose = (chosen: number[]) => {
    setAll(false)
    setIds(chosen)
  }
  return (
    <>
      <Flex wrap gap={8} align="center" justify="space-between" style={{ margin: '12px 0', minHeight: 32 }}>
        <Flex wrap gap={8} align="center" aria-live="polite">
          <Tooltip title={total && !total.exact ? t('customers.total_interval', bounds(total)) : undefined}>
            <Typography.Text strong data-testid="total">
              {total ? t('customers.total', { people: counted(total, t) }) : t('customers.counting')}
            </Typography.Text>
          </Tooltip>
          {some ? (
            <>
              <Typography.Text>{t(all ? 'customers.chosen_all' : 'customers.chosen', { people })}</Typography.Text>
              {!all && total && total.count > ids.length && (
                <Button type="link" size="small" onClick={() => setAll(true)}>
                  {t('customers.choose_all', { people: counted(total, t) })}
                </Button>
              )}
              <Button type="link" size="small" onClick={() => choose(NOBODY)}>
                {t('customers.choose_none')}
              </Button>
            </>
          ) : (
            says
          )}
        </Flex>
        <Space wrap>
          {sort}
          {mayTag && (
            <>
              <Button disabled={!some} onClick={() => setAsking('add')}>
                {t('customer.tag_add')}
              </Button>
              <Button disabled={!some} onClick={() => setAsking('remove')}>
                {t('customers.untag')}
              </Button>
            </>
          )}
          {maySave && (
            <Tooltip title={filter.all.length ? undefined : t('customers.save_needs_filter')}>
              <Button disabled={filter.all.length === 0} onClick={() => setAsking('save')}>
                {t('customers.save_segment')}
              </Button>
            </Tooltip>
          )}
        </Space>
      </Flex>
      {children(mayTag ? { ids, all, set: choose } : null)}
      {asking === 'save' && <SaveSegment condition={filter} q={q} close={() => setAsking(null)} />}
      {(asking === 'add' || asking === 'remove') && (
        <TagMany
          chosen={all ? { condition: listedBy(search), q } : { ids }}
          people={people}
          remove={asking === 'remove'}
          close={(done) => {
            setAsking(null)
            if (done) choose(NOBODY)
          }}
        />
      )}
    </>
  )
}

function counted(total: Total, say: (key: string, values: Record<string, unknown>) => string): string {
  return say(total.exact ? 'customers.people' : 'customers.about', { n: number(total.count) })
}

function bounds(total: Total): Record<string, string> {
  return { low: number(total.low), high: number(total.high) }
}

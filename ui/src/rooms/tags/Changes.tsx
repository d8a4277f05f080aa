import { Flex, Typography } from 'antd'
import { api, data } from '@/api/client'
import { cause, sourceWord } from '@/rooms/customers/events'
import { useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Failure, Loading } from '@/shared/states'
import { when } from '@/shared/when'

/** Who or what gave and took a tag, latest first. */
export function Changes({ tag_id }: { tag_id: number }) {
  const t = useSay()
  const names = useNames()
  const list = usePortions(['tags', tag_id, 'changes'], (cursor) =>
    data(api.GET('/api/tags/{tag_id}/changes', { params: { path: { tag_id }, query: { cursor, limit: 20 } } })),
  )
  if (list.isError) return <Failure error={list.error} retry={() => void list.refetch()} />
  if (!list.rows) return <Loading />
  return (
    <Flex vertical gap={8}>
      {list.rows.length === 0 && <Typography.Text type="secondary">{t('tags.no_changes')}</Typography.Text>}
      {list.rows.map((one) => (
        <div key={one.change_id}>
          {t(one.added ? 'tags.gave' : 'tags.took', { n: number(one.customers) })}
          {' · '}
          {cause(one.why, names, t)}
          <br />
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {when(one.at)} · {sourceWord(one.by, names, t)}
          </Typography.Text>
        </div>
      ))}
      <More list={list} />
    </Flex>
  )
}

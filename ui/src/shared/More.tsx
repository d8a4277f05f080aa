import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'

export interface Portion<T> {
  items: T[]
  next: string | null
}

/** A list that is read page by page with the server's cursors. */
export function usePortions<T>(key: QueryKey, read: (cursor: string | undefined) => Promise<Portion<T>>, live = 0) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Portion<T>) => last.next ?? undefined,
    refetchInterval: live || false,
  })
  return { ...query, rows: query.data?.pages.flatMap((page) => page.items) }
}

export function More({
  list,
}: {
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
}) {
  const { t } = useTranslation()
  if (!list.hasNextPage) return null
  return (
    <div style={{ textAlign: 'center', padding: 12 }}>
      <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
        {t('shared.more')}
      </Button>
    </div>
  )
}

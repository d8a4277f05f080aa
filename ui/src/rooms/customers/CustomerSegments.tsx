import { useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Card, Flex, Modal, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { WhyTree } from '@/rooms/segments/WhyTree'
import { useSegments } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'

const SHOWN = 12

/** For the newest segments: is the person in, and why. */
export function CustomerSegments({ id }: { id: number }) {
  const t = useSay()
  const segments = useSegments()
  const shown = (segments.data ?? []).slice(0, SHOWN)
  const [open, setOpen] = useState<number | null>(null)
  const answers = useQueries({
    queries: shown.map((segment) => ({
      queryKey: ['customer', id, 'explain', segment.segment_id, segment.version],
      retry: false,
      queryFn: () =>
        data(api.POST('/api/segments/explain', { body: { condition: segment.condition, customer_id: id } })),
    })),
  })
  const index = shown.findIndex((segment) => segment.segment_id === open)
  const why = answers[index]?.data
  return (
    <Card title={t('customer.segments')} size="small">
      <Loaded query={segments}>
        {(list) => (
          <Flex vertical gap={6}>
            {list.length === 0 && <Typography.Text type="secondary">{t('customer.segments_none')}</Typography.Text>}
            {shown.map((segment, at) => {
              const answer = answers[at]?.data
              return (
                <Flex key={segment.segment_id} gap={8} align="center">
                  {answer && (
                    <Button
                      size="small"
                      type="text"
                      aria-label={t('segment.why_of', { name: segment.name })}
                      style={{ padding: 0 }}
                      onClick={() => setOpen(segment.segment_id)}
                    >
                      <Tag color={answer.result ? 'green' : 'default'}>
                        {t(answer.result ? 'customer.in' : 'customer.out')}
                      </Tag>
                    </Button>
                  )}
                  <Link to="/segments/$id" params={{ id: String(segment.segment_id) }}>
                    {segment.name}
                  </Link>
                </Flex>
              )
            })}
          </Flex>
        )}
      </Loaded>
      <Modal open={open !== null} onCancel={() => setOpen(null)} footer={null} title={shown[index]?.name}>
        {why && <WhyTree why={why} />}
      </Modal>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { api, data } from '@/api/client'
import { Loaded } from '@/shared/states'
import { SegmentEditor } from './SegmentEditor'

export default function SegmentPage() {
  const { id } = useParams({ from: '/frame/segments/$id' })
  if (id === 'new') return <SegmentEditor key="new" segment={null} />
  return <Saved id={Number(id)} />
}

function Saved({ id }: { id: number }) {
  const query = useQuery({
    queryKey: ['segment', id],
    queryFn: () => data(api.GET('/api/segments/{segment_id}', { params: { path: { segment_id: id } } })),
  })
  return <Loaded query={query}>{(found) => <SegmentEditor key={found.segment_id} segment={found} />}</Loaded>
}

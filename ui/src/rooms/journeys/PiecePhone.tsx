import { useQuery } from '@tanstack/react-query'
import { Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { Phone } from '@/rooms/content/Phone'
import { Preview } from '@/rooms/content/Piece'
import { useContents } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useSettled } from '@/shared/useSettled'
import { type Piece, routeName } from './stages'
import '@/rooms/content/content.css'

const PAUSE_MS = 500

/** A piece of a sequence as the customer will see it: what of the library is sent, or the words. */
export function PiecePhone({ piece }: { piece: Piece }) {
  const t = useSay()
  const contents = useContents()
  const mayWrite = useMay('content.write')
  const route = piece.routes[0] && routeName(piece.routes[0])
  const chosen = contents.data?.find((one) => one.key === piece.content)
  if (!mayWrite) return null
  if (chosen) return <Content key={`${chosen.content_id} ${route}`} id={chosen.content_id} route={route} />
  if (piece.text) return <Words key={route} text={piece.text} route={route} />
  return <Typography.Text type="secondary">{t('stage.nothing_to_see')}</Typography.Text>
}

function Content({ id, route }: { id: number; route: string | undefined }) {
  const content = useQuery({
    queryKey: ['content', id],
    queryFn: () => data(api.GET('/api/content/{content_id}', { params: { path: { content_id: id } } })),
  })
  return <Loaded query={content}>{(piece) => <Preview piece={piece} route={route} />}</Loaded>
}

/** Words that stand in no library are previewed as a text of one. */
function Words({ text, route }: { text: string; route: string | undefined }) {
  const t = useSay()
  const settled = useSettled(text, PAUSE_MS)
  const [customer, setCustomer] = useState<number>()
  const shown = useQuery({
    queryKey: ['content-preview', 'words', settled, customer],
    retry: false,
    placeholderData: (before) => before,
    queryFn: () =>
      data(
        api.POST('/api/content/preview', {
          params: { query: { customer_id: customer } },
          body: { kind: 'text', title: t('stage.piece'), digest: '', body: { kind: 'text', text: settled } },
        }),
      ),
  })
  return (
    <Loaded query={shown}>
      {(found) => <Phone shown={found} title="" customer={customer} choose={setCustomer} first={route} />}
    </Loaded>
  )
}

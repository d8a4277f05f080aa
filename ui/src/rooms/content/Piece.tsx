import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Alert, Button, Drawer, Flex, Popconfirm, Tabs } from 'antd'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { Failure, Loaded, Loading } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { Effect } from './Effect'
import { Phone } from './Phone'
import { Readers } from './Readers'
import { Versions } from './Versions'
import './content.css'

type Content = components['schemas']['ContentBody']

/** The piece that the address names, over the list. */
export function PieceDrawer({ id, close }: { id: number | undefined; close: () => void }) {
  const content = useQuery({
    queryKey: ['content', id],
    enabled: id !== undefined,
    queryFn: () => data(api.GET('/api/content/{content_id}', { params: { path: { content_id: id ?? 0 } } })),
  })
  return (
    <Drawer
      open={id !== undefined}
      onClose={close}
      size={760}
      title={content.data?.title}
      destroyOnHidden
      styles={{ wrapper: { maxWidth: '100%' } }}
      extra={content.data && <Acts piece={content.data} />}
    >
      <Loaded query={content}>{(piece) => <Piece key={piece.content_id} piece={piece} />}</Loaded>
    </Drawer>
  )
}

/** One piece: as a customer sees it, what became of it, and who is behind the numbers. */
function Piece({ piece }: { piece: Content }) {
  const t = useSay()
  const { tab } = useSearch({ from: '/frame/content' })
  const navigate = useNavigate({ from: '/content' })
  const id = piece.content_id
  return (
    <Tabs
      activeKey={tab ?? 'preview'}
      onChange={(key) =>
        void navigate({
          search: (before) => ({ ...before, did: undefined, tab: key === 'preview' ? undefined : key }),
          replace: true,
        })
      }
      items={[
        { key: 'preview', label: t('content.preview'), children: <Preview piece={piece} /> },
        { key: 'statistics', label: t('content.statistics'), children: <Effect id={id} /> },
        { key: 'versions', label: t('content.versions'), children: <Versions piece={piece} /> },
        { key: 'readers', label: t('content.who'), children: <Readers id={id} form={piece.kind === 'form'} /> },
      ]}
    />
  )
}

/** What may be done with a piece: changed, published, taken out of the library and put back. */
function Acts({ piece }: { piece: Content }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const navigate = useNavigate()
  const mayWrite = useMay('content.write')
  const path = { content_id: piece.content_id }
  const doing = useMutation({
    mutationFn: async (what: 'archive' | 'restore' | 'publish') => {
      if (what === 'archive') await api.DELETE('/api/content/{content_id}', { params: { path } })
      else if (what === 'restore') await api.POST('/api/content/{content_id}/restore', { params: { path } })
      else await api.POST('/api/content/{content_id}/publish', { params: { path }, body: {} })
    },
    onSuccess: (_, what) => {
      tell.done(t(`content.did_${what}`))
      void client.invalidateQueries({ queryKey: ['contents'] })
      void client.invalidateQueries({ queryKey: ['content', piece.content_id] })
    },
    onError: (error) => {
      const used = error instanceof ApiError ? (error.detail.used_by as { kind: string; name: string }[]) : undefined
      if (!used) return tell.failed(error)
      const names = used.map((one) => t(`content.user.${one.kind}`, { name: one.name })).join(t('shared.comma'))
      tell.say(t('content.used_by', { names }))
    },
  })
  if (!mayWrite) return null
  if (piece.archived)
    return (
      <Button loading={doing.isPending} onClick={() => doing.mutate('restore')}>
        {t('content.restore')}
      </Button>
    )
  return (
    <Flex gap={8} wrap justify="end">
      <Popconfirm
        title={t('content.ask_archive')}
        description={t('content.archive_means')}
        okText={t('content.archive')}
        onConfirm={() => doing.mutate('archive')}
      >
        <Button>{t('content.archive')}</Button>
      </Popconfirm>
      {piece.published !== piece.latest && (
        <Button loading={doing.isPending} onClick={() => doing.mutate('publish')}>
          {t('content.publish')}
        </Button>
      )}
      <Button
        type="primary"
        onClick={() => void navigate({ to: '/content/$id/edit', params: { id: String(piece.content_id) } })}
      >
        {t('content.edit')}
      </Button>
    </Flex>
  )
}

/** The latest version as a customer would see it, page and messages. */
export function Preview({ piece, route }: { piece: Content; route?: string }) {
  const t = useSay()
  const mayWrite = useMay('content.write')
  const [customer, setCustomer] = useState<number>()
  const { key, kind, title, digest, body } = piece
  const shown = useQuery({
    queryKey: ['content', piece.content_id, 'shown', piece.latest, customer],
    enabled: mayWrite,
    retry: false,
    placeholderData: (before) => before,
    queryFn: () =>
      data(
        api.POST('/api/content/preview', {
          params: { query: { customer_id: customer } },
          body: { key, kind, title, digest, body },
        }),
      ),
  })
  if (!mayWrite) return <Alert type="info" showIcon title={t('content.preview_for_writers')} />
  if (shown.error) return <Failure error={shown.error} retry={() => void shown.refetch()} />
  if (!shown.data) return <Loading />
  return <Phone shown={shown.data} title={title} customer={customer} choose={setCustomer} first={route} />
}

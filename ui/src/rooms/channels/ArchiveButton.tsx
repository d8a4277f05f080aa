import { useMutation, useQueryClient } from '@tanstack/react-query'
import { App, Button } from 'antd'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Channel } from './model'

/** Puts a channel away after saying what that does to its code, or takes it back. */
export function ArchiveButton({ channel }: { channel: Channel }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const { modal } = App.useApp()
  const may = useMay('channels.write')
  const path = { params: { path: { channel_id: channel.channel_id } } }
  const away = channel.archived_at === null
  const acting = useMutation({
    mutationFn: () =>
      data(
        away
          ? api.POST('/api/channels/{channel_id}/archive', path)
          : api.POST('/api/channels/{channel_id}/revive', path),
      ),
    onSuccess: (saved) => {
      client.setQueryData(['channel', channel.channel_id], saved)
      void client.invalidateQueries({ queryKey: ['channels'] })
      tell.done(t(away ? 'channels.archive_done' : 'channels.revive_done'))
    },
    onError: tell.failed,
  })
  if (!may) return null
  const ask = async () => {
    const word = away ? 'archive' : 'revive'
    const sure = await modal.confirm({
      title: t(`channels.${word}`),
      content: t(`channels.${word}_hint.${channel.kind}`),
      okText: t(`channels.${word}`),
      okButtonProps: { danger: away },
      cancelText: t('shared.cancel'),
    })
    if (sure) acting.mutate()
  }
  return (
    <Button danger={away} loading={acting.isPending} onClick={() => void ask()}>
      {t(away ? 'channels.archive' : 'channels.revive')}
    </Button>
  )
}

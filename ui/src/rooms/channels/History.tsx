import { useQuery } from '@tanstack/react-query'
import { Timeline, Typography } from 'antd'
import { api, data } from '@/api/client'
import { type Names, useNames } from '@/shared/lookups'
import { type Say, useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { when } from '@/shared/when'
import type { Channel, Definition } from './model'

/** Every version of a channel: who changed what, when. */
export function History({ channel }: { channel: Channel }) {
  const t = useSay()
  const names = useNames()
  const query = useQuery({
    queryKey: ['channel', channel.channel_id, 'history', channel.version],
    queryFn: () =>
      data(api.GET('/api/channels/{channel_id}/history', { params: { path: { channel_id: channel.channel_id } } })),
  })
  return (
    <Loaded query={query}>
      {(versions) => (
        <Timeline
          items={versions.map((one, place) => {
            const before = versions[place + 1]
            const what = before
              ? one.archived
                ? [t('channels.history.archived')]
                : before.archived
                  ? [t('channels.history.revived')]
                  : changed(before.definition, one.definition, names, t)
              : [t('channels.history.made')]
            return {
              key: one.version,
              content: (
                <>
                  <div>{what.join(t('shared.comma'))}</div>
                  <Typography.Text type="secondary">
                    {when(one.at)} · {by(one.by, names, t)} · {t('channels.history.version', { n: one.version })}
                  </Typography.Text>
                </>
              ),
            }
          })}
        />
      )}
    </Loaded>
  )
}

function by(actor: string, names: Names, t: Say): string {
  const [kind, id] = actor.split(':')
  if (kind === 'staff') return names.staff(id)
  return kind === 'api_key' ? t('channels.history.api') : t('channels.history.system')
}

/** Which parts of a definition changed, in words. */
function changed(before: Definition, now: Definition, names: Names, t: Say): string[] {
  const said: string[] = []
  for (const part of Object.keys(now) as (keyof Definition)[]) {
    if (JSON.stringify(before[part]) === JSON.stringify(now[part])) continue
    const value = now[part]
    const shown =
      part === 'tags' ? now.tags.map(names.tag).join(t('shared.comma')) : typeof value === 'string' ? value : ''
    const word = t(`channels.part.${part}`)
    said.push(
      shown ? t('channels.history.now', { part: word, value: shown }) : t('channels.history.changed', { part: word }),
    )
  }
  return said
}

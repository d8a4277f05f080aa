import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Alert, Tabs, Tag } from 'antd'
import { api, data } from '@/api/client'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { ArchiveButton } from './ArchiveButton'
import { Code } from './Code'
import { Costs } from './Costs'
import { Editor } from './Editor'
import { History } from './History'
import type { Channel } from './model'
import { problem } from './problem'
import { ServingNow } from './ServingNow'

export default function ChannelPage() {
  const { id } = useParams({ from: '/frame/channels/$id' })
  const t = useSay()
  if (id !== 'new') return <Saved id={Number(id)} />
  return (
    <Page title={t('channels.new')} hint={t('channels.new_hint')}>
      <Editor key="new" channel={null} />
    </Page>
  )
}

function Saved({ id }: { id: number }) {
  const query = useQuery({
    queryKey: ['channel', id],
    // Whom a code leads to changes by itself; a new code is there within seconds.
    refetchInterval: (found) => (found.state.data?.code.waiting ? 1_500 : 10_000),
    queryFn: () => data(api.GET('/api/channels/{channel_id}', { params: { path: { channel_id: id } } })),
  })
  return <Loaded query={query}>{(found) => <One channel={found} />}</Loaded>
}

function One({ channel }: { channel: Channel }) {
  const t = useSay()
  const { definition, code } = channel
  const title = (
    <>
      {definition.name} <Tag>{t(`channels.kind.${channel.kind}`)}</Tag>
      {channel.archived_at && <Tag color="default">{t('channels.archived')}</Tag>}
    </>
  )
  const tabs = [
    { key: 'code', label: t('channels.tab.code'), children: <Code channel={channel} /> },
    ...(definition.rotation
      ? [{ key: 'serving', label: t('channels.tab.serving'), children: <ServingNow channel={channel} /> }]
      : []),
    {
      key: 'edit',
      label: t('channels.tab.edit'),
      children: <Editor key={`${channel.channel_id}-${channel.version}`} channel={channel} />,
    },
    { key: 'costs', label: t('channels.tab.costs'), children: <Costs channel={channel} /> },
    { key: 'history', label: t('channels.tab.history'), children: <History channel={channel} /> },
  ]
  return (
    <Page title={title} name={definition.name} hint={definition.hook} extra={<ArchiveButton channel={channel} />}>
      {code.problem && <Alert type="warning" showIcon title={problem(code.problem, t)} style={{ marginBottom: 12 }} />}
      <Tabs items={tabs} />
    </Page>
  )
}

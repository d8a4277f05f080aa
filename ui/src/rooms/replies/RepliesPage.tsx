import { useNavigate, useSearch } from '@tanstack/react-router'
import { Tabs } from 'antd'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Greetings } from './Greetings'
import { Questions } from './Questions'
import { ReplyList } from './ReplyList'
import { Rules } from './Rules'
import { Welcomes } from './Welcomes'

/** What Siyu says by itself. */
export default function RepliesPage() {
  const t = useSay()
  const { tab = 'welcomes' } = useSearch({ from: '/frame/replies' })
  const navigate = useNavigate({ from: '/replies' })
  return (
    <Page title={t('nav.replies')} hint={t('replies.hint')}>
      <Tabs
        activeKey={tab}
        onChange={(key) => void navigate({ search: { tab: key }, replace: true })}
        items={[
          { key: 'welcomes', label: t('replies.tab.welcomes'), children: <Welcomes /> },
          { key: 'greetings', label: t('replies.tab.greetings'), children: <Greetings /> },
          { key: 'replies', label: t('replies.tab.replies'), children: <ReplyList /> },
          { key: 'questions', label: t('replies.tab.questions'), children: <Questions /> },
          { key: 'rules', label: t('replies.tab.rules'), children: <Rules /> },
        ]}
      />
    </Page>
  )
}

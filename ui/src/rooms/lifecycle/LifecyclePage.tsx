import { useNavigate, useSearch } from '@tanstack/react-router'
import { Tabs } from 'antd'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Changes } from './Changes'
import { Ladder } from './Ladder'
import { ScoreRules } from './ScoreRules'
import { TagRules } from './TagRules'

/** How far people are, what their acts are worth, which tags come by themselves, and who moved. */
export default function LifecyclePage() {
  const t = useSay()
  const { tab } = useSearch({ from: '/frame/lifecycle' })
  const navigate = useNavigate({ from: '/lifecycle' })
  return (
    <Page title={t('nav.lifecycle')} hint={t('lifecycle.hint')}>
      <Tabs
        activeKey={tab ?? 'ladder'}
        destroyOnHidden
        onChange={(key) => void navigate({ search: { tab: key === 'ladder' ? undefined : key }, replace: true })}
        items={[
          { key: 'ladder', label: t('lifecycle.ladder'), children: <Ladder /> },
          { key: 'points', label: t('lifecycle.points_rules'), children: <ScoreRules /> },
          { key: 'tags', label: t('lifecycle.tag_rules'), children: <TagRules /> },
          { key: 'changes', label: t('lifecycle.changes'), children: <Changes /> },
        ]}
      />
    </Page>
  )
}

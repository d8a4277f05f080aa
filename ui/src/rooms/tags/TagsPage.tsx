import { PlusOutlined } from '@ant-design/icons'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Button, Tabs } from 'antd'
import { useState } from 'react'
import { useMay } from '@/app/session'
import { useTags } from '@/shared/lookups'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { Hygiene } from './Hygiene'
import { NewTagDialog } from './NewTagDialog'
import { TagDrawer } from './TagDrawer'
import { Taxonomy } from './Taxonomy'

/** The company's tags: who carries them, what gives and needs them, and what wants tidying. */
export default function TagsPage() {
  const t = useSay()
  const tags = useTags()
  const { tab, open } = useSearch({ from: '/frame/tags' })
  const navigate = useNavigate({ from: '/tags' })
  const mayWrite = useMay('tags.write')
  const [making, setMaking] = useState(false)
  const show = (tag_id: number | undefined) =>
    void navigate({ search: (before) => ({ ...before, open: tag_id }), replace: true })
  const fresh = mayWrite && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
      {t('tags.new')}
    </Button>
  )
  return (
    <Page title={t('nav.tags')} hint={t('tags.hint')} extra={fresh}>
      <Loaded query={tags}>
        {({ groups }) => (
          <>
            <Tabs
              activeKey={tab ?? 'all'}
              onChange={(key) => void navigate({ search: { tab: key === 'all' ? undefined : key }, replace: true })}
              items={[
                { key: 'all', label: t('tags.all'), children: <Taxonomy groups={groups} show={show} fresh={fresh} /> },
                { key: 'hygiene', label: t('tags.hygiene'), children: <Hygiene groups={groups} show={show} /> },
              ]}
            />
            <TagDrawer
              tag={groups.flatMap((group) => group.tags).find((tag) => tag.tag_id === open)}
              groups={groups}
              show={show}
            />
          </>
        )}
      </Loaded>
      {making && <NewTagDialog close={() => setMaking(false)} />}
    </Page>
  )
}

import { Tabs } from 'antd'
import { useMay } from '@/app/session'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Cases } from './Cases'
import { Decisions } from './Decisions'

/** Who is who: open cases, and the decisions that people made. */
export default function ReviewsPage() {
  const t = useSay()
  const mayWrite = useMay('customers.write')
  return (
    <Page title={t('nav.reviews')} hint={t('reviews.hint')}>
      <Tabs
        className="siyu-review"
        destroyOnHidden
        items={[
          { key: 'open', label: t('reviews.open'), children: <Cases /> },
          { key: 'settled', label: t('reviews.settled'), children: <Decisions mayWrite={mayWrite} /> },
        ]}
      />
    </Page>
  )
}

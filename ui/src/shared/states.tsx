import { Button, Empty, Result, Spin } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/client'
import { useFault } from './fault'

export function Loading() {
  const { t } = useTranslation()
  return (
    <div role="status" aria-live="polite" style={{ padding: 48, textAlign: 'center' }}>
      <Spin description={t('state.loading')}>
        <div style={{ padding: 24 }} />
      </Spin>
    </div>
  )
}

/** What went wrong, in the server's words, and a way to try again. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation()
  const fault = useFault()
  const known = error instanceof ApiError ? error : null
  return (
    <Result
      status={known?.status === 403 ? '403' : known?.status === 404 ? '404' : 'warning'}
      title={known?.status === 403 ? t('state.forbidden') : t('state.failed')}
      subTitle={fault(error)}
      extra={retry ? <Button onClick={retry}>{t('state.retry')}</Button> : null}
    />
  )
}

export function NotHere() {
  const { t } = useTranslation()
  return <Result status="404" title={t('state.nowhere')} extra={<a href="/">{t('state.home')}</a>} />
}

export function Nothing({ children, title }: { children?: ReactNode; title?: string }) {
  const { t } = useTranslation()
  return <Empty description={title ?? t('shared.empty')}>{children}</Empty>
}

/** One way to show a query: loading, error, or its data. */
export function Loaded<T>({
  query,
  children,
}: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown }
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />
  return <Loading />
}

import { Link } from '@tanstack/react-router'
import { Button, Empty, Result, Spin } from 'antd'
import { type ReactNode, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/client'
import { useFault } from './fault'
import { useTitle } from './title'

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

const AGAIN_MS = 3_000
const AWAY = new Set([0, 502, 503, 504])

/** Tries again by itself as long as the server is away. */
function useComingBack(error: unknown, retry: (() => void) | undefined): void {
  const latest = useRef(retry)
  latest.current = retry
  const away = retry !== undefined && error instanceof ApiError && AWAY.has(error.status)
  useEffect(() => {
    if (!away) return undefined
    const timer = setInterval(() => latest.current?.(), AGAIN_MS)
    return () => clearInterval(timer)
  }, [away])
}

/** What went wrong, in the server's words, and a way to try again. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation()
  const fault = useFault()
  const known = error instanceof ApiError ? error : null
  const gone = known?.status === 404
  useComingBack(error, retry)
  useTitle(gone ? t('state.missing') : undefined)
  return (
    <Result
      status={known?.status === 403 ? '403' : gone ? '404' : 'warning'}
      title={known?.status === 403 ? t('state.forbidden') : gone ? t('state.missing') : t('state.failed')}
      subTitle={fault(error)}
      extra={
        known?.status === 403 || gone ? (
          <Button onClick={() => history.back()}>{t('state.back')}</Button>
        ) : retry ? (
          <Button type="primary" onClick={retry}>
            {t('state.retry')}
          </Button>
        ) : null
      }
    />
  )
}

export function NotHere() {
  const { t } = useTranslation()
  useTitle(t('state.nowhere'))
  return (
    <Result
      status="404"
      title={<h1 style={{ margin: 0, font: 'inherit' }}>{t('state.nowhere')}</h1>}
      extra={<Link to="/">{t('state.home')}</Link>}
    />
  )
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

import { Flex, Typography } from 'antd'
import type { ReactNode } from 'react'
import { useTitle } from './title'

/** A page: its title, what it is for, what can be done, and the content below. */
export function Page({
  title,
  name,
  hint,
  extra,
  children,
}: {
  title: ReactNode
  /** What the browser's tab says when the title is more than words. */
  name?: string
  hint?: ReactNode
  extra?: ReactNode
  children: ReactNode
}) {
  useTitle(name ?? (typeof title === 'string' ? title : undefined))
  return (
    <section style={{ maxWidth: 1480, margin: '0 auto' }}>
      <Flex wrap justify="space-between" align="flex-start" gap={12} style={{ marginBottom: 16 }}>
        <div style={{ minWidth: 0 }}>
          <Typography.Title level={3} style={{ margin: 0 }}>
            {title}
          </Typography.Title>
          {hint && <Typography.Text type="secondary">{hint}</Typography.Text>}
        </div>
        {extra && (
          <Flex wrap gap={8} align="center">
            {extra}
          </Flex>
        )}
      </Flex>
      {children}
    </section>
  )
}

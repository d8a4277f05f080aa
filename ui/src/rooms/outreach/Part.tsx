import { Card, Typography } from 'antd'
import type { ReactNode } from 'react'

/** One part of the rules: what it is about, and its fields. */
export function Part({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <Card style={{ marginBottom: 12 }} styles={{ body: { padding: '16px 20px' } }}>
      <Typography.Title level={4} style={{ margin: 0, fontSize: 16 }}>
        {title}
      </Typography.Title>
      <Typography.Paragraph type="secondary" style={{ marginBottom: 12 }}>
        {hint}
      </Typography.Paragraph>
      {children}
    </Card>
  )
}

import { Typography } from 'antd'
import { type ReactNode, useEffect, useRef } from 'react'

/** The heading of a step. When the step before ended under the keyboard, the keyboard goes on from here. */
export function Heading({ children }: { children: ReactNode }) {
  const heading = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus()
  }, [])
  return (
    <div ref={heading} tabIndex={-1} style={{ outline: 'none', marginBottom: 12 }}>
      <Typography.Title level={5} style={{ margin: 0 }}>
        {children}
      </Typography.Title>
    </div>
  )
}

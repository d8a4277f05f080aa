import { App } from 'antd'
import { ApiError } from '@/api/client'

/** Short messages about what was done, or why it was not. */
export function useTell() {
  const { message } = App.useApp()
  return {
    done: (text: string) => void message.success(text),
    failed: (error: unknown) => void message.error(error instanceof ApiError ? error.message : String(error)),
  }
}

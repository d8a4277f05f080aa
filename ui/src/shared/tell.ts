import { App } from 'antd'
import { useFault } from './fault'

/** Short messages about what was done, or why it was not. */
export function useTell() {
  const { message } = App.useApp()
  const fault = useFault()
  return {
    done: (text: string) => void message.success(text),
    say: (text: string) => void message.error(text),
    failed: (error: unknown) => void message.error(fault(error)),
  }
}

import { Nothing } from '@/shared/states'

export default function Page() {
  return <Nothing />
}

import { api, data } from '@/api/client'
import { useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { greetsAgain, type Welcome } from './drafts'
import { useChannelCodes, useServiceAccounts } from './Refs'
import { RuleList } from './RuleList'
import { WelcomeForm } from './WelcomeForm'

/** The welcomes: who is greeted with what, and when again. */
export function Welcomes() {
  const t = useSay()
  const names = useNames()
  const codes = useChannelCodes()
  const whom = (row: Welcome) => {
    if (row.scope === 'kf_account') return <ServiceName openKfid={row.ref} />
    const called = {
      staff: () => names.contact(row.ref),
      account: () => names.account(row.ref),
      channel: () => codes.find((one) => one.state === row.ref)?.definition.name ?? row.ref,
    }
    const name = row.scope in called ? called[row.scope as keyof typeof called]() : ''
    return t(`welcome.of.${row.scope}`, { name })
  }
  return (
    <RuleList<Welcome>
      words="welcome"
      id={(row) => row.welcome_id}
      load={() => data(api.GET('/api/replies/welcomes'))}
      remove={(welcome_id) =>
        data(api.DELETE('/api/replies/welcomes/{welcome_id}', { params: { path: { welcome_id } } }))
      }
      about={whom}
      between={[
        {
          title: t('welcome.again'),
          render: (_, row) => {
            if (row.second_after_minutes !== null) return t('welcome.after', { count: row.second_after_minutes })
            return t(greetsAgain(row.scope) ? 'welcome.never' : 'welcome.once')
          },
        },
      ]}
      form={(welcome, close) => <WelcomeForm welcome={welcome} close={close} />}
    />
  )
}

/** The account of customer service that a welcome is for, by the name that WeCom lists now. */
function ServiceName({ openKfid }: { openKfid: string }) {
  const t = useSay()
  return t('welcome.of.kf_account', { name: useServiceAccounts(true).found.get(openKfid) || openKfid })
}

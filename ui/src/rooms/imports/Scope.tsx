import { useQuery } from '@tanstack/react-query'
import { Input, Select } from 'antd'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'

/** To which account or corp a platform's id belongs: chosen by name, or written where nobody connected one. */
export function Scope({
  column,
  choose,
}: {
  column: { name: string; title: string; scope: string }
  choose: (scope: string) => void
}) {
  const t = useSay()
  const enabled = useMay('platforms.read')
  const { data: accounts = [] } = useQuery({
    queryKey: ['accounts'],
    enabled,
    staleTime: 60_000,
    queryFn: () => data(api.GET('/api/platforms/accounts')),
  })
  const options =
    column.name === 'oa_openid'
      ? accounts
          .filter((account) => account.kind === 'oa')
          .map((account) => ({ value: String(account.account_id), label: account.name }))
      : accounts
          .filter((account) => account.kind === 'wecom' && account.config.corpid)
          .map((account) => ({ value: String(account.config.corpid), label: account.name }))
  const label = `${t('import.scope')} ${column.title}`
  if (options.length === 0)
    return (
      <Input
        aria-label={label}
        placeholder={t('import.scope')}
        value={column.scope}
        onChange={(event) => choose(event.target.value)}
        style={{ width: 200 }}
      />
    )
  return (
    <Select
      aria-label={label}
      placeholder={t('import.scope')}
      value={column.scope || undefined}
      onChange={choose}
      options={options}
      style={{ width: 220 }}
    />
  )
}

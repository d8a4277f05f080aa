import { useQuery } from '@tanstack/react-query'
import { Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import { liveIn, local } from './when'

/** The company's present time and zone; nothing that shows a time may be drawn before it is known. */
export function useCompany(enabled: boolean) {
  return useQuery({
    queryKey: ['operation'],
    enabled,
    refetchInterval: 2_000,
    queryFn: async () => {
      const state = await data(api.GET('/api/operation'))
      liveIn(state.zone)
      return state
    },
  })
}

/** The company's present time; marked when it is a simulated one. */
export function CompanyTime() {
  const { t } = useTranslation()
  const { data: state } = useCompany(true)
  if (!state) return null
  return (
    <Tag
      style={{ marginInlineEnd: 0, color: state.virtual ? '#7a4a00' : undefined, fontVariantNumeric: 'tabular-nums' }}
      color={state.virtual ? 'gold' : 'default'}
      title={`${state.virtual ? t('time.virtual') : t('time.real')} · ${state.zone}`}
    >
      {local(state.now).format('MM-DD ddd HH:mm')}
    </Tag>
  )
}

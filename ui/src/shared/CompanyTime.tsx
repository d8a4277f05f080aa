import { useQuery } from '@tanstack/react-query'
import { Tag } from 'antd'
import dayjs from 'dayjs'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'

/** The company's present time; marked when it is a simulated one. */
export function CompanyTime() {
  const { t } = useTranslation()
  const { data: state } = useQuery({
    queryKey: ['operation'],
    refetchInterval: 2_000,
    queryFn: () => data(api.GET('/api/operation')),
  })
  if (!state) return null
  return (
    <Tag color={state.virtual ? 'gold' : 'default'} title={state.virtual ? t('time.virtual') : t('time.real')}>
      {dayjs(state.now).format('MM-DD ddd HH:mm')}
    </Tag>
  )
}

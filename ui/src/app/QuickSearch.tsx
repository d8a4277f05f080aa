import { SearchOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { AutoComplete, Input, type InputRef } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import { useSettled } from '@/shared/useSettled'

const PAUSE = 200

/** Any customer from anywhere: Ctrl+K or "/", a few letters, Enter. */
export function QuickSearch() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const field = useRef<InputRef>(null)
  const [typed, setTyped] = useState('')
  const words = useSettled(typed.trim(), PAUSE)
  const found = useQuery({
    queryKey: ['customers', 'quick', words],
    enabled: words !== '',
    queryFn: async () => (await data(api.GET('/api/customers', { params: { query: { q: words, limit: 8 } } }))).items,
  })

  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const writing = event.target instanceof HTMLElement && event.target.closest('input, textarea, [contenteditable]')
      const called = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k'
      if (!called && (event.key !== '/' || writing || event.ctrlKey || event.metaKey || event.altKey)) return
      event.preventDefault()
      field.current?.focus({ cursor: 'all' })
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])

  return (
    <AutoComplete
      value={typed}
      onChange={setTyped}
      onSelect={(id) => {
        setTyped('')
        field.current?.blur()
        void navigate({ to: '/customers/$id', params: { id }, search: {} })
      }}
      defaultActiveFirstOption
      notFoundContent={words && found.isSuccess ? t('search.none') : null}
      options={
        // The rows of other words would be opened by a quick Enter.
        (words === typed.trim() && words ? found.data : undefined)?.map((one) => ({
          value: String(one.customer_id),
          label: (
            <div className="siyu-found">
              <span>{one.name ?? t('customer.nameless', { id: one.customer_id })}</span>
              <span>{[one.phone, one.company].filter(Boolean).join(' · ')}</span>
            </div>
          ),
        })) ?? []
      }
      className="siyu-quick"
    >
      <Input
        ref={field}
        allowClear
        maxLength={64}
        aria-label={t('search.quick')}
        placeholder={t('search.quick')}
        prefix={<SearchOutlined />}
        suffix={<kbd>Ctrl K</kbd>}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            setTyped('')
            field.current?.blur()
          }
        }}
      />
    </AutoComplete>
  )
}

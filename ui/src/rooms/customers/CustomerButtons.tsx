import { DownloadOutlined, EyeInvisibleOutlined, EyeOutlined } from '@ant-design/icons'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Modal, Space, Switch } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Profile } from './CustomerPage'

/** Pushes on or off, phones clear or masked, export: each only for those who may. */
export function CustomerButtons({
  profile,
  clear,
  setClear,
}: {
  profile: Profile
  clear: boolean
  setClear: (clear: boolean) => void
}) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const mayWrite = useMay('customers.write')
  const mayPhones = useMay('customers.phones')
  const [asking, setAsking] = useState(false)
  const [why, setWhy] = useState('')
  const id = profile.customer_id
  const wanted = profile.opted_out_at === null

  const pushes = useMutation({
    mutationFn: () =>
      data(
        api.PUT('/api/customers/{customer_id}/pushes', {
          params: { path: { customer_id: id } },
          body: { wanted: !wanted, why: why.trim() },
        }),
      ),
    onSuccess: async () => {
      setAsking(false)
      setWhy('')
      await client.invalidateQueries({ queryKey: ['customer', id] })
    },
    onError: tell.failed,
  })
  const exporting = useMutation({
    mutationFn: () => data(api.GET('/api/customers/{customer_id}/export', { params: { path: { customer_id: id } } })),
    onSuccess: (found) => {
      const url = URL.createObjectURL(new Blob([JSON.stringify(found, null, 2)], { type: 'application/json' }))
      const link = document.createElement('a')
      link.href = url
      link.download = `customer-${id}.json`
      link.click()
      URL.revokeObjectURL(url)
    },
    onError: tell.failed,
  })

  return (
    <Space wrap>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the Switch inside is the control */}
      <label style={{ display: 'inline-flex', gap: 8, alignItems: 'center' }}>
        {t('customer.pushes')}
        <Switch checked={wanted} disabled={!mayWrite} onChange={() => setAsking(true)} />
      </label>
      {mayPhones && (
        <Button icon={clear ? <EyeInvisibleOutlined /> : <EyeOutlined />} onClick={() => setClear(!clear)}>
          {t(clear ? 'customer.masked' : 'customer.clear')}
        </Button>
      )}
      {mayPhones && (
        <Button icon={<DownloadOutlined />} loading={exporting.isPending} onClick={() => exporting.mutate()}>
          {t('customer.export')}
        </Button>
      )}
      <Modal
        open={asking}
        title={t(wanted ? 'customer.pushes_off' : 'customer.pushes_on')}
        onCancel={() => setAsking(false)}
        onOk={() => pushes.mutate()}
        okButtonProps={{ disabled: !why.trim(), loading: pushes.isPending, danger: wanted }}
        okText={t(wanted ? 'customer.pushes_off' : 'customer.pushes_on')}
      >
        {/* biome-ignore lint/a11y/noLabelWithoutControl: the Input inside is the control */}
        <label>
          {t('customer.pushes_why')}
          <Input
            autoFocus
            value={why}
            maxLength={200}
            placeholder={t(wanted ? 'customer.pushes_off_hint' : 'customer.pushes_on_hint')}
            onChange={(event) => setWhy(event.target.value)}
          />
        </label>
      </Modal>
    </Space>
  )
}

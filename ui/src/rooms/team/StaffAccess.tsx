import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Flex, Form, Input, Modal, Popconfirm, Table, Typography } from 'antd'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { LEAST } from './PasswordForm'

type Staff = components['schemas']['StaffBody']

/** For administrators: give a colleague a password, end a colleague's sessions. */
export function StaffAccess({ own }: { own: number }) {
  const t = useSay()
  const tell = useTell()
  const [giving, setGiving] = useState<Staff | null>(null)
  const staff = useQuery({ queryKey: ['staff'], queryFn: () => data(api.GET('/api/team/staff')) })
  const end = useMutation({
    mutationFn: (one: Staff) =>
      data(api.POST('/api/team/staff/{staff_id}/sign-out', { params: { path: { staff_id: one.staff_id } } })),
    onSuccess: (_, one) => tell.done(t('account.ended', { name: one.name })),
    onError: tell.failed,
  })
  return (
    <Loaded query={staff}>
      {(rows) => (
        <>
          <Table<Staff>
            size="small"
            rowKey="staff_id"
            dataSource={rows}
            pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
            scroll={{ x: 'max-content' }}
            columns={[
              { title: t('account.name'), dataIndex: 'name' },
              {
                title: t('sign.login'),
                dataIndex: 'login',
                render: (login: string | null) =>
                  login ?? <Typography.Text type="secondary">{t('account.no_login')}</Typography.Text>,
              },
              {
                title: t('account.roles'),
                render: (_, one) => one.roles.map((role) => t(`role.${role}`)).join(t('shared.comma')),
              },
              { title: t('account.state'), render: (_, one) => t(one.active ? 'account.active' : 'account.off') },
              {
                title: t('account.acts'),
                render: (_, one) =>
                  one.staff_id === own ? (
                    <Typography.Text type="secondary">{t('account.self')}</Typography.Text>
                  ) : (
                    <Flex gap={8}>
                      <Button size="small" disabled={!one.login} onClick={() => setGiving(one)}>
                        {t('account.reset')}
                      </Button>
                      <Popconfirm
                        title={t('account.end_sure', { name: one.name })}
                        onConfirm={() => end.mutateAsync(one).catch(() => undefined)}
                      >
                        <Button size="small">{t('account.end')}</Button>
                      </Popconfirm>
                    </Flex>
                  ),
              },
            ]}
          />
          {giving && <Giving one={giving} close={() => setGiving(null)} />}
        </>
      )}
    </Loaded>
  )
}

function Giving({ one, close }: { one: Staff; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const [form] = Form.useForm<{ password: string }>()
  const give = useMutation({
    mutationFn: ({ password }: { password: string }) =>
      data(
        api.PUT('/api/team/staff/{staff_id}/password', {
          params: { path: { staff_id: one.staff_id } },
          body: { password },
        }),
      ),
    onSuccess: () => {
      tell.done(t('account.given', { name: one.name }))
      close()
    },
    onError: (error) => {
      const said = error instanceof ApiError ? t(`account.${error.code}`, { defaultValue: fault(error) }) : fault(error)
      form.setFields([{ name: 'password', errors: [said] }])
    },
  })
  return (
    <Modal
      open
      title={t('account.reset_of', { name: one.name })}
      okText={t('account.reset')}
      confirmLoading={give.isPending}
      onOk={() => form.submit()}
      onCancel={close}
      width={420}
    >
      <Typography.Paragraph type="secondary">{t('account.reset_hint')}</Typography.Paragraph>
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(values) => give.mutate(values)}>
        <Form.Item
          name="password"
          label={t('account.new')}
          extra={t('account.least', { count: LEAST })}
          rules={[{ required: true, min: LEAST, message: t('account.weak_password') }]}
        >
          <Input.Password autoFocus autoComplete="new-password" maxLength={200} />
        </Form.Item>
      </Form>
    </Modal>
  )
}

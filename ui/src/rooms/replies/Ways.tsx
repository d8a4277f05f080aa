import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Flex, Form, Input, Select, Typography } from 'antd'
import { useAccounts } from '@/shared/lookups'
import { useSay } from '@/shared/say'

interface Way {
  route: string
  account_id: number
}

/** Routes in order, each by an account. */
export function WayFields({
  name: place,
  routes,
  needed,
  hint,
}: {
  name: string
  routes: readonly string[]
  needed: boolean
  hint: string
}) {
  const t = useSay()
  const form = Form.useFormInstance()
  const ways: (Way | undefined)[] = Form.useWatch(place, form) ?? []
  const accounts = useAccounts() ?? []
  const of = (route?: string) => accounts.filter((one) => one.kind === (route?.startsWith('oa_') ? 'oa' : 'wecom'))
  const first = (route: string) => of(route)[0]?.account_id
  return (
    <Form.List
      name={place}
      rules={[
        {
          validator: (_, given?: unknown[]) =>
            given?.length || !needed ? Promise.resolve() : Promise.reject(new Error(t('greeting.way_needed'))),
        },
      ]}
    >
      {(fields, { add, remove }, { errors }) => (
        <Form.Item label={t('greeting.ways')} extra={hint}>
          {fields.map(({ key, name }) => (
            <Flex key={key} gap={8} wrap style={{ marginBottom: 8 }}>
              <Form.Item name={[name, 'route']} noStyle>
                <Select
                  aria-label={t('greeting.route')}
                  style={{ width: 160 }}
                  options={routes.map((value) => ({ value, label: t(`route.${value}`) }))}
                  onChange={(route: string) => form.setFieldValue([place, name, 'account_id'], first(route))}
                />
              </Form.Item>
              <Form.Item
                name={[name, 'account_id']}
                noStyle
                rules={[{ required: true, message: t('welcome.ref_needed.account') }]}
              >
                <Select
                  aria-label={t('welcome.scope.account')}
                  style={{ width: 180 }}
                  options={of(ways[name]?.route).map((one) => ({ value: one.account_id, label: one.name }))}
                />
              </Form.Item>
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={t('shared.delete')}
                onClick={() => remove(name)}
              />
              {ways[name]?.route === 'oa_template' && (
                <Form.Item
                  name={[name, 'template']}
                  noStyle
                  rules={[{ required: true, whitespace: true, message: t('greeting.template_needed') }]}
                >
                  <Input maxLength={128} placeholder={t('greeting.template')} aria-label={t('greeting.template')} />
                </Form.Item>
              )}
            </Flex>
          ))}
          <Button
            type="dashed"
            icon={<PlusOutlined />}
            disabled={fields.length >= 5}
            onClick={() => {
              const route = accounts.some((one) => one.kind === 'wecom') ? 'wecom_group_send' : 'oa_custom'
              add({ route, account_id: first(route) })
            }}
          >
            {t('greeting.way_add')}
          </Button>
          {errors.length > 0 && <Typography.Text type="danger"> {errors}</Typography.Text>}
        </Form.Item>
      )}
    </Form.List>
  )
}

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Drawer, Form, type FormInstance, Input, Switch } from 'antd'
import type { ReactNode } from 'react'
import { ApiError } from '@/api/client'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { Audience } from './Audience'

/** The drawer in which a welcome, an automatic reply or a greeting is written. */
export function RuleForm<Draft extends object>({
  form,
  title,
  draft,
  save,
  saved,
  places,
  close,
  children,
}: {
  form: FormInstance<Draft>
  title: string
  draft: Draft
  save: (draft: Draft) => Promise<unknown>
  saved: string
  /** Fields that show what is wrong with them; other faults are told. */
  places: readonly string[]
  close: () => void
  children: ReactNode
}) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const client = useQueryClient()
  const saving = useMutation({
    mutationFn: save,
    onSuccess: async () => {
      tell.done(saved)
      close()
      await client.invalidateQueries({ queryKey: ['replies'] })
    },
    onError: (error) => {
      const named = error instanceof ApiError ? (error.field ?? '') : ''
      const place = named.replace(/^occasion\./, '').split('.')[0] ?? ''
      if (places.includes(place)) form.setFields([{ name: place as never, errors: [fault(error)] }])
      else tell.failed(error)
    },
  })
  return (
    <Drawer
      open
      size={560}
      title={title}
      onClose={close}
      footer={
        <Button type="primary" loading={saving.isPending} onClick={() => form.submit()}>
          {t('shared.save')}
        </Button>
      }
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={draft}
        onFinish={() => saving.mutate(form.getFieldsValue(true) as Draft)}
        scrollToFirstError={{ block: 'center', focus: true }}
      >
        {children}
      </Form>
    </Drawer>
  )
}

/** What it is called. */
export function NameField() {
  const t = useSay()
  return (
    <Form.Item
      name="name"
      label={t('replies.name')}
      rules={[{ required: true, whitespace: true, message: t('replies.name_needed') }]}
    >
      <Input maxLength={60} />
    </Form.Item>
  )
}

/** For whom, and whether it is on. */
export function RuleFields() {
  const t = useSay()
  return (
    <>
      <Form.Item name="condition" label={t('replies.audience')}>
        <Audience none={t('replies.everybody')} />
      </Form.Item>
      <Form.Item name="active" label={t('replies.active')} valuePropName="checked">
        <Switch />
      </Form.Item>
    </>
  )
}

import { Button, Drawer, Flex, Form, Input, InputNumber, Select, Typography } from 'antd'
import { useEffect, useReducer } from 'react'
import { Entered } from '@/rooms/segments/forms/parts'
import { GroupEditor, notesOf } from '@/rooms/segments/GroupEditor'
import { close as closed, open as opened, reduce } from '@/rooms/segments/model'
import type { Unseen } from '@/rooms/segments/NeedsArchive'
import { useSay } from '@/shared/say'
import type { Warned } from './draft'
import type { EnterRule, Stage } from './stages'

/** One rule: by what people come into a stage, and from where. */
export function RuleDrawer({
  stage,
  stages,
  rule,
  fault,
  warned,
  change,
  drop,
  close,
}: {
  stage: Stage | null
  stages: Stage[]
  rule: EnterRule | null
  fault: string | null
  warned: Warned[]
  change: (rule: EnterRule) => void
  drop: () => void
  close: () => void
}) {
  const t = useSay()
  return (
    <Drawer
      open={rule !== null}
      onClose={close}
      size={640}
      title={stage && t('stage.rule_of', { stage: stage.name })}
      destroyOnHidden
      footer={
        <Flex justify="space-between">
          <Button danger onClick={drop}>
            {t('stage.drop')}
          </Button>
          <Button type="primary" onClick={close}>
            {t('stage.done')}
          </Button>
        </Flex>
      }
    >
      {rule && stage && (
        <RuleForm stage={stage} stages={stages} rule={rule} fault={fault} warned={warned} change={change} />
      )}
    </Drawer>
  )
}

function RuleForm({
  stage,
  stages,
  rule,
  fault,
  warned,
  change,
}: {
  stage: Stage
  stages: Stage[]
  rule: EnterRule
  fault: string | null
  warned: Warned[]
  change: (rule: EnterRule) => void
}) {
  const t = useSay()
  const [root, dispatch] = useReducer(reduce, rule.when, opened)
  const when = closed(root)
  const text = JSON.stringify(when)
  const notes = notesOf(
    root,
    warned.map((one) => ({
      ...(one.detail as unknown as Unseen),
      field: one.field.replace(/^.*?\.when/, 'condition'),
    })),
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: only an edit of the condition is told, not a new rule object
  useEffect(() => {
    if (text !== JSON.stringify(closed(opened(rule.when)))) change({ ...rule, when })
  }, [text])
  return (
    <Form layout="vertical" component="div">
      <Form.Item label={t('stage.reason')}>
        <Input
          aria-label={t('stage.reason')}
          maxLength={80}
          value={rule.title}
          onChange={(event) => change({ ...rule, title: event.target.value })}
        />
      </Form.Item>
      <Form.Item label={t('stage.from')} extra={t('stage.from_hint')}>
        <Select
          mode="multiple"
          aria-label={t('stage.from')}
          placeholder={t('stage.comes_up')}
          value={rule.from ?? []}
          onChange={(from: string[]) => change({ ...rule, from: from.length > 0 ? from : undefined })}
          options={stages.filter((one) => one.id !== stage.id).map((one) => ({ value: one.id, label: one.name }))}
        />
      </Form.Item>
      <Form.Item label={t('stage.after')}>
        <InputNumber
          aria-label={t('stage.after')}
          min={1}
          max={366}
          precision={0}
          suffix={t('stage.days')}
          value={rule.after?.endsWith('d') ? Number(rule.after.slice(0, -1)) : null}
          onChange={(days) => change({ ...rule, after: days ? `${days}d` : undefined })}
        />
      </Form.Item>
      <Form.Item label={t('stage.when')}>
        <Entered value={true}>
          <GroupEditor group={root} top dispatch={dispatch} faults={[]} notes={notes} self={null} />
        </Entered>
      </Form.Item>
      {fault && (
        <Typography.Text type="danger" role="alert">
          {fault}
        </Typography.Text>
      )}
    </Form>
  )
}

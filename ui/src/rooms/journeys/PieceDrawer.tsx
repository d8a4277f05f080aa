import { Button, Drawer, Flex, Form, Grid, Input, InputNumber, Popconfirm, Segmented, Select } from 'antd'
import { useContents } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { PiecePhone } from './PiecePhone'
import { PARTS, type Piece, routeName } from './stages'

/** The routes a sequence may take, the ones through a salesperson first. */
const ROUTES = ['wecom_group_send', 'oa_custom', 'oa_mass', 'oa_template', 'moments', 'kf']

/** One piece: what, when and by which route. Every change is a change of the draft. */
export function PieceDrawer({
  piece,
  fault,
  change,
  drop,
  close,
}: {
  piece: Piece | null
  fault: (rest: string) => string | null
  change: (piece: Piece) => void
  drop: () => void
  close: () => void
}) {
  const t = useSay()
  const wide = Grid.useBreakpoint().lg ?? true
  return (
    <Drawer
      open={piece !== null}
      onClose={close}
      size={wide ? 880 : 'large'}
      title={t('stage.piece')}
      destroyOnHidden
      footer={
        <Flex justify="space-between">
          <Popconfirm title={t('stage.ask_drop_piece')} okText={t('stage.drop')} onConfirm={drop}>
            <Button danger>{t('stage.drop')}</Button>
          </Popconfirm>
          <Button type="primary" onClick={close}>
            {t('stage.done')}
          </Button>
        </Flex>
      }
    >
      {piece && (
        <div className="piece-desk">
          <PieceForm piece={piece} fault={fault} change={change} />
          <aside aria-label={t('stage.as_customer')}>
            <PiecePhone piece={piece} />
          </aside>
        </div>
      )}
    </Drawer>
  )
}

function PieceForm({
  piece,
  fault,
  change,
}: {
  piece: Piece
  fault: (rest: string) => string | null
  change: (piece: Piece) => void
}) {
  const t = useSay()
  const contents = useContents()
  const set = (values: Partial<Piece>) => change({ ...piece, ...values })
  const said = piece.content === undefined ? 'text' : 'content'
  const help = (...names: string[]) => {
    const found = names.map((name) => fault(name)).find(Boolean)
    return found ? { validateStatus: 'error' as const, help: found } : {}
  }
  const kept = piece.routes.filter((one) => typeof one !== 'string')
  return (
    <Form layout="vertical" component="div">
      <Form.Item label={t('stage.title')} {...help('title')}>
        <Input
          aria-label={t('stage.title')}
          maxLength={80}
          value={piece.title}
          onChange={(event) => set({ title: event.target.value })}
        />
      </Form.Item>
      <Form.Item label={t('stage.says')} {...help('', 'text', 'content')}>
        <Segmented
          aria-label={t('stage.says')}
          value={said}
          onChange={(kind) =>
            set(kind === 'text' ? { text: '', content: undefined } : { content: '', text: undefined })
          }
          options={[
            { value: 'text', label: t('stage.text') },
            { value: 'content', label: t('stage.content') },
          ]}
          style={{ marginBottom: 8 }}
        />
        {said === 'text' ? (
          <Input.TextArea
            aria-label={t('stage.text')}
            autoSize={{ minRows: 4, maxRows: 10 }}
            maxLength={600}
            showCount
            value={piece.text}
            onChange={(event) => set({ text: event.target.value })}
          />
        ) : (
          <Select
            aria-label={t('stage.content')}
            showSearch={{ optionFilterProp: 'label' }}
            value={piece.content || undefined}
            onChange={(content: string) => set({ content })}
            options={contents.data?.map((one) => ({ value: one.key, label: one.title })) ?? []}
          />
        )}
      </Form.Item>
      <Flex gap={12}>
        <Form.Item label={t('stage.day_label')} {...help('day')} style={{ width: 120 }}>
          <InputNumber
            aria-label={t('stage.day_label')}
            min={1}
            max={366}
            precision={0}
            placeholder={t('stage.day_auto')}
            value={piece.day ?? null}
            onChange={(day) => set({ day: day ?? undefined })}
            style={{ width: '100%' }}
          />
        </Form.Item>
        <Form.Item label={t('stage.hour')} {...help('at', 'part')} style={{ flex: 1 }}>
          <Flex gap={8}>
            <Select
              aria-label={t('stage.hour')}
              value={piece.part ?? 'at'}
              onChange={(part: string) =>
                set(part === 'at' ? { part: undefined, at: '09:00' } : { part, at: undefined, ...rested(part) })
              }
              options={[
                ...PARTS.map((part) => ({ value: part, label: t(`part.${part}`) })),
                { value: 'at', label: t('stage.exactly') },
              ]}
            />
            {piece.part === undefined && (
              <Input
                aria-label={t('stage.exactly')}
                type="time"
                value={piece.at}
                onChange={(event) => set({ at: event.target.value })}
                style={{ width: 120 }}
              />
            )}
          </Flex>
        </Form.Item>
      </Flex>
      <Form.Item
        label={t('stage.routes')}
        extra={piece.routes.some((one) => routeName(one) === 'moments') && t('stage.moments_hint')}
        {...help('routes', 'account', ...piece.routes.map((_, n) => `routes.${n}.route`))}
      >
        <Select
          mode="multiple"
          aria-label={t('stage.routes')}
          value={piece.routes.map(routeName)}
          onChange={(names: string[]) =>
            set({ routes: names.map((name) => kept.find((one) => routeName(one) === name) ?? name) })
          }
          options={ROUTES.map((route) => ({ value: route, label: t(`route.${route}`) }))}
        />
      </Form.Item>
      <Form.Item label={t('stage.days_off')} {...help('days_off')}>
        <Select
          aria-label={t('stage.days_off')}
          disabled={piece.part === 'weekend_morning'}
          value={piece.days_off ?? 'keep'}
          onChange={(rule: string) => set({ days_off: rule === 'keep' ? undefined : rule })}
          options={['keep', 'next_workday', 'skip'].map((rule) => ({ value: rule, label: t(`days_off.${rule}`) }))}
        />
      </Form.Item>
      <Form.Item label={t('stage.late')} extra={t('stage.late_hint')}>
        <Select
          aria-label={t('stage.late')}
          value={piece.late ?? 'skip'}
          onChange={(rule: string) => set({ late: rule === 'skip' ? undefined : rule })}
          options={['skip', 'next_day'].map((rule) => ({ value: rule, label: t(`late.${rule}`) }))}
        />
      </Form.Item>
    </Form>
  )
}

/** A weekend morning is on a weekend whatever is said of days off. */
function rested(part: string): Partial<Piece> {
  return part === 'weekend_morning' ? { days_off: undefined } : {}
}

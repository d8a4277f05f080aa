import { App, Button } from 'antd'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { type Import, importable } from './look'
import { useActs } from './useActs'

/** What can be done with an import as it stands: apply, change the mapping, download faults, cancel or take back. */
export function ImportButtons({
  one,
  editing,
  edit,
  done,
}: {
  one: Import
  editing: boolean
  edit: () => void
  done: (found: Import) => void
}) {
  const t = useSay()
  const { modal } = App.useApp()
  const acts = useActs(one, done)
  const count = importable(one)
  const ready = one.state === 'checked' && !editing

  function askApply() {
    const tags = one.tags.join(t('shared.comma'))
    modal.confirm({
      title: t('import.apply_ask', { count: count }),
      width: 480,
      content: (
        <Lines
          of={[
            one.counts.error > 0 && t('import.apply_errors', { errors: number(one.counts.error) }),
            one.counts.conflict > 0 && t('import.apply_conflicts', { count: one.counts.conflict }),
            tags && t('import.apply_tags', { tags }),
            t(one.start_journeys ? 'import.apply_journeys' : 'import.apply_no_journeys'),
            t('import.apply_back'),
          ]}
        />
      ),
      okText: t('import.do_apply', { count: count }),
      onOk: () => acts.mutateAsync('apply').catch(() => undefined),
    })
  }
  function askCancel() {
    const word = one.state === 'applying' ? 'stop' : 'cancel'
    modal.confirm({
      title: t(`import.${word}_ask`),
      content: t(`import.${word}_means`),
      okText: t(`import.${word}`),
      okButtonProps: { danger: true },
      cancelText: t('shared.back'),
      onOk: () => acts.mutateAsync('cancel').catch(() => undefined),
    })
  }

  return (
    <>
      {ready && one.counts.error > 0 && (
        <Button href={`/api/imports/${one.import_id}/errors.csv`} download>
          {t('import.report')}
        </Button>
      )}
      {['draft', 'checking', 'checked', 'applying'].includes(one.state) && (
        <Button danger onClick={askCancel}>
          {t(one.state === 'applying' ? 'import.stop' : 'import.cancel')}
        </Button>
      )}
      {ready && <Button onClick={edit}>{t('import.edit')}</Button>}
      {ready && (
        <Button type="primary" disabled={count === 0} loading={acts.isPending} onClick={askApply}>
          {t('import.do_apply', { count: count })}
        </Button>
      )}
    </>
  )
}

/** Sentences one below the other; what is not said is left out. */
function Lines({ of }: { of: (string | false)[] }) {
  return (
    <ul style={{ margin: 0, paddingInlineStart: 18 }}>
      {of.filter(Boolean).map((line) => (
        <li key={String(line)}>{line}</li>
      ))}
    </ul>
  )
}

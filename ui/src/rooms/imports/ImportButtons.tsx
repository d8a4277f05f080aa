import { useMutation, useQueryClient } from '@tanstack/react-query'
import { App, Button } from 'antd'
import { api, data } from '@/api/client'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { type Import, importable } from './look'

/** What can be done with an import as it stands: apply, change the mapping, download faults, cancel or take back. */
export function ImportButtons({ one, editing, edit }: { one: Import; editing: boolean; edit: () => void }) {
  const t = useSay()
  const tell = useTell()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const at = { params: { path: { import_id: one.import_id } } }
  const doing = useMutation({
    mutationFn: (act: 'apply' | 'cancel') =>
      act === 'apply'
        ? data(api.POST('/api/imports/{import_id}/apply', at))
        : data(api.POST('/api/imports/{import_id}/cancel', at)),
    onSuccess: (found) => {
      client.setQueryData(['import', one.import_id], found)
      void client.invalidateQueries({ queryKey: ['customers'] })
    },
    onError: tell.failed,
  })
  const count = importable(one)
  const word = one.state === 'complete' ? 'take_back' : 'cancel'

  function askApply() {
    modal.confirm({
      title: t('import.apply_ask', { count }),
      content: t('import.apply_means', { errors: one.counts.error }),
      okText: t('import.do_apply', { count }),
      onOk: () => doing.mutateAsync('apply').catch(() => undefined),
    })
  }
  function askCancel() {
    modal.confirm({
      title: t(`import.${word}_ask`),
      content: t(`import.${word}_means`),
      okText: t(`import.${word}`),
      okButtonProps: { danger: true },
      cancelText: t('shared.back'),
      onOk: () => doing.mutateAsync('cancel').catch(() => undefined),
    })
  }

  return (
    <>
      {one.counts.error > 0 && (one.state === 'checked' || one.state === 'complete') && (
        <Button href={`/api/imports/${one.import_id}/errors.csv`} download>
          {t('import.report')}
        </Button>
      )}
      {one.state !== 'cancelled' && one.state !== 'taking_back' && (
        <Button danger onClick={askCancel}>
          {t(`import.${word}`)}
        </Button>
      )}
      {one.state === 'checked' && !editing && <Button onClick={edit}>{t('import.back')}</Button>}
      {one.state === 'checked' && !editing && (
        <Button type="primary" disabled={count === 0} loading={doing.isPending} onClick={askApply}>
          {t('import.do_apply', { count })}
        </Button>
      )}
    </>
  )
}

import { Select } from 'antd'
import { useAccounts, useStaff } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useFaulty } from './faulty'
import type { LeafFormProps } from './LeafForm'

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

const FOLLOWED = { now: {}, not: { following: false }, lost: { following: false, lost: true } }

/** Follows an account (or any), does not, or did once. */
export function AccountForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const accounts = useAccounts() ?? []
  const state = leaf.following !== false ? 'now' : leaf.lost ? 'lost' : 'not'
  const { account_id } = leaf
  return (
    <>
      <Select<keyof typeof FOLLOWED>
        aria-label={t('form.follows')}
        value={state}
        status={faulty('following', 'lost')}
        onChange={(next) => set({ kind: leaf.kind, account_id, ...FOLLOWED[next] })}
        options={(['now', 'not', 'lost'] as const).map((value) => ({ value, label: t(`form.follows.${value}`) }))}
        style={{ width: 124 }}
      />
      <Select
        allowClear
        aria-label={t('form.account')}
        placeholder={t('customers.any_account')}
        value={account_id as number | undefined}
        status={faulty('account_id')}
        onChange={(chosen) => set({ ...leaf, account_id: chosen })}
        options={accounts.map((one) => ({ value: one.account_id, label: one.name }))}
        style={{ minWidth: 220 }}
      />
    </>
  )
}

/** Staff members who have the person among their WeCom contacts; without any of them, whoever has one. */
export function FollowForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const staff = (useStaff() ?? []).filter((one) => one.userid !== null)
  return (
    <Select
      mode="tags"
      aria-label={t('form.follow')}
      placeholder={t('form.follow')}
      value={list(leaf.staff).map(String)}
      status={faulty('staff')}
      onChange={(chosen: string[]) => set({ ...leaf, staff: chosen.length ? chosen : undefined })}
      options={staff.map((one) => ({ value: one.userid ?? '', label: one.name }))}
      optionFilterProp="label"
      style={{ minWidth: 260 }}
    />
  )
}

export function PushesForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  return (
    <Select
      aria-label={t('customers.pushes')}
      value={leaf.wanted !== false}
      onChange={(wanted) => set({ kind: leaf.kind, ...(wanted ? {} : { wanted }) })}
      options={[
        { value: true, label: t('customers.pushes.in') },
        { value: false, label: t('customers.pushes.out') },
      ]}
      style={{ width: 124 }}
    />
  )
}

/** Named staff members; without any of them, whoever has an owner. */
export function OwnerForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const staff = useStaff() ?? []
  return (
    <Select
      mode="tags"
      aria-label={t('form.staff')}
      placeholder={t('form.staff')}
      value={list(leaf.staff).map(String)}
      status={faulty('staff')}
      onChange={(chosen: string[]) =>
        set({
          ...leaf,
          staff: chosen.length ? chosen.map((one) => (/^\d+$/.test(one) ? Number(one) : one)) : undefined,
        })
      }
      options={staff.map((one) => ({ value: String(one.staff_id), label: one.name }))}
      optionFilterProp="label"
      style={{ minWidth: 240 }}
    />
  )
}

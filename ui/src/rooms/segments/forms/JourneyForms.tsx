import { Select } from 'antd'
import { useChannels, useJourneys } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useFaulty } from './faulty'
import type { LeafFormProps } from './LeafForm'
import { WindowForm } from './parts'

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

/** A journey with stages, and some of its stages; without any of them, whoever is in it. */
export function StageForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const journeys = (useJourneys().data ?? []).filter((one) => one.kind === 'stages')
  const chosen = journeys.find((one) => one.journey_id === leaf.journey || one.key === leaf.journey)
  return (
    <>
      <Select
        showSearch={{ optionFilterProp: 'label' }}
        aria-label={t('form.journey')}
        placeholder={t('form.journey')}
        value={chosen?.journey_id ?? (leaf.journey as number | undefined)}
        status={faulty('journey')}
        onChange={(journey) => set({ kind: leaf.kind, journey })}
        options={journeys.map((one) => ({ value: one.journey_id, label: one.name }))}
        style={{ minWidth: 220 }}
      />
      <Select
        mode="multiple"
        aria-label={t('form.stage')}
        placeholder={t('form.stage')}
        disabled={chosen === undefined}
        value={list(leaf.stage).map(String)}
        status={faulty('stage')}
        onChange={(stages: string[]) => set({ ...leaf, stage: stages.length > 1 ? stages : stages[0] })}
        options={chosen?.stages.map((one) => ({ value: one.id, label: one.name })) ?? []}
        optionFilterProp="label"
        style={{ minWidth: 220 }}
      />
    </>
  )
}

/** First or latest came by one of the channels; without any of them, by any channel of the company. */
export function ChannelForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const channels = useChannels() ?? []
  return (
    <>
      <Select
        aria-label={t('form.channel.touch')}
        value={String(leaf.touch ?? 'first')}
        onChange={(touch) => set({ ...leaf, touch })}
        options={['first', 'latest'].map((value) => ({ value, label: t(`form.channel.${value}`) }))}
        style={{ width: 112 }}
      />
      <Select
        mode="multiple"
        aria-label={t('form.channel')}
        placeholder={t('form.channel')}
        value={list(leaf.channel).map(Number)}
        status={faulty('channel')}
        onChange={(channel: number[]) => set({ ...leaf, channel: channel.length ? channel : undefined })}
        options={channels.map((one) => ({
          value: one.channel_id,
          label: one.archived ? t('form.put_away', { name: one.name }) : one.name,
        }))}
        optionFilterProp="label"
        style={{ minWidth: 240 }}
      />
      <WindowForm value={leaf} set={(change) => set({ ...leaf, ...change })} />
    </>
  )
}

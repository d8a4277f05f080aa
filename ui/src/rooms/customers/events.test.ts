import { describe, expect, it } from 'vitest'
import { i18n } from '@/app/i18n'
import type { Names } from '@/shared/lookups'
import type { Say } from '@/shared/say'
import { type Event, gather, sentence, sourceWord, THEMES } from './events'

const say: Say = (key, values) => String(i18n.t(key, { lng: 'zh', ...values }))
const named = (word: string) => (id: unknown) => `${word}${id}`
const names: Names = {
  account: named('账号'),
  content: named('素材'),
  journey: named('旅程'),
  segment: named('人群'),
  tag: named('标签'),
  staff: named('员工'),
  level: (key) => `${key}`,
  contact: (userid) => `${userid}`,
  channel: named('渠道'),
  stage: (_, key) => ({ aware: '认知期', keen: '有兴趣' })[String(key)] ?? String(key),
  rule: (_, key) => ({ 'move:clicked': '点了链接' })[key] ?? key,
  attribute: (name) => ({ name: '姓名', company: '公司' })[String(name)] ?? String(name),
  value: (_, value) => String(value),
}
const reason = (code: string) => ({ opted_out: '已退订' })[code] ?? code

let last = 0
function event(type: string, props: Record<string, unknown>, more: Partial<Event> = {}): Event {
  last += 1
  return {
    event_id: last,
    type,
    occurred_at: '2026-03-02T01:00:00Z',
    source: 'content',
    content_id: null,
    props,
    ...more,
  }
}
const told = (...events: Event[]) => gather(events).map((one) => sentence(one, names, reason, say))

describe('the timeline in Chinese', () => {
  it('tells the pages of one view as one line', () => {
    const page = (number: number, ms: number, view = 60) =>
      event('page_read', { page: number, ms, view }, { content_id: 1 })
    expect(told(page(3, 21_000), page(2, 33_000), page(1, 12_000), page(1, 5_000, 59))).toEqual([
      '阅读《素材1》第 1–3 页，用时 1 分 6 秒',
      '阅读《素材1》第 1 页，用时 5 秒',
    ])
  })

  it('tells fields that were filled at one moment as one line', () => {
    const one = event('attribute_changed', { name: 'name', old: null, new: '蔡杰' })
    const two = event('attribute_changed', { name: 'company', old: '甲', new: '乙' })
    const later = event(
      'attribute_changed',
      { name: 'name', old: null, new: '丙' },
      { occurred_at: '2026-03-03T01:00:00Z' },
    )
    expect(told(later, one, two)).toEqual(['姓名记为“丙”', '姓名记为“蔡杰”；公司由“甲”改为“乙”'])
  })

  it('says why nothing was sent, and why somebody opted out', () => {
    expect(told(event('delivery_not_sent', { reason: 'opted_out' }, { content_id: 4 }))).toEqual([
      '《素材4》没有发送：已退订',
    ])
    expect(told(event('opted_out', { word: '退订' }))).toEqual(['退订推送，原因：退订'])
  })

  it('names stages, rules and goals of journeys, not their keys', () => {
    const move = { journey_id: 7, enrolment_id: 1, from: 'aware', to: 'keen' }
    expect(told(event('stage_moved', { ...move, why: 'clicked', by: 'rule:journey:x/keen' }))).toEqual([
      '旅程「旅程7」：从「认知期」移到「有兴趣」，原因：点了链接',
    ])
    expect(told(event('stage_moved', { ...move, why: 'by_hand', by: 'staff:3', note: '电话里约了演示' }))).toEqual([
      '旅程「旅程7」：从「认知期」移到「有兴趣」，原因：员工3手工移动：电话里约了演示',
    ])
    expect(told(event('journey_ended', { journey_id: 7, reason: 'goal:ordered' }))).toEqual([
      '结束旅程「旅程7」：达成目标「goal:ordered」',
    ])
  })

  it('keeps the facts of types that nobody wrote a sentence for', () => {
    expect(told(event('store_visited', { store: '徐汇' }))).toEqual(['store_visited · store 徐汇'])
  })

  it('names every type of its themes in both languages', () => {
    const unnamed = Object.values(THEMES)
      .flat()
      .filter((type) => !['split_off', 'blacklisted', 'unblacklisted'].includes(type))
      .filter((type) => !i18n.exists(`event.${type}`, { lng: 'zh' }) || !i18n.exists(`event.${type}`, { lng: 'en' }))
    expect(unnamed).toEqual([])
  })

  it('names where a fact came from', () => {
    expect(sourceWord('oa:1', names, say)).toBe('账号1')
    expect(sourceWord('form:2', names, say)).toBe('表单《素材2》')
    expect(sourceWord('something', names, say)).toBe('something')
  })
})

import { describe, expect, it } from 'vitest'
import { i18n } from '@/app/i18n'
import type { Names } from '@/shared/lookups'
import type { Say } from '@/shared/say'
import { open } from './model'
import { conditionSentence } from './sentence'

const say: Say = (key, values) => String(i18n.t(key, { lng: 'zh', ...values }))
const names: Names = {
  account: (id) => `账号${id}`,
  content: (id) => `素材${id}`,
  journey: (id) => `旅程${id}`,
  segment: (id) => `人群${id}`,
  tag: (id) => `意向/${id}`,
  staff: (id) => `员工${id}`,
  level: (key) => `${key}`,
  contact: (userid) => `${userid}`,
  channel: (id) => `渠道${id}`,
  stage: (_, key) => ({ keen: '有兴趣' })[String(key)] ?? String(key),
  rule: (_, key) => key,
  attribute: (name) => (name === 'region' ? '地区' : String(name)),
  value: (_, value) => String(value),
}
const read = (condition: Record<string, unknown>) => conditionSentence(open(condition), { say, names })

describe('a condition in Chinese', () => {
  it('joins, nests and negates', () => {
    expect(
      read({
        all: [
          { kind: 'attribute', name: 'region', op: 'in', value: ['上海', '北京'] },
          { any: [{ kind: 'tag', tag: 3 }, { not: { kind: 'segment', segment: 7 } }] },
        ],
      }),
    ).toBe('地区是其中之一：上海、北京，并且（带有标签「意向/3」，或者不是（属于人群「人群7」））')
    expect(read({ all: [] })).toBe('所有客户')
  })

  it('names journeys, stages and channels', () => {
    expect(read({ kind: 'stage', journey: 4, stage: ['keen', 'met'] })).toBe('处于旅程「旅程4」的「有兴趣或met」阶段')
    expect(read({ kind: 'stage', journey: 4, stage: null })).toBe('处于旅程「旅程4」的任一阶段')
    expect(read({ kind: 'channel', channel: [2], touch: 'latest', within: '30d' })).toBe(
      '最近一次通过渠道 渠道2 到来（最近 30 天）',
    )
  })

  it('tells how often, when, about what and with which words', () => {
    expect(
      read({ kind: 'event', type: 'message_received', where: { text: { contains: '电子书' } }, within: '12h' }),
    ).toBe('最近 12 小时发来消息（内容含“电子书”）至少 1 次')
    expect(read({ kind: 'event', type: 'form_submitted', content: 2, count: { eq: 0 }, period: 'this_month' })).toBe(
      '本月没有提交表单《素材2》',
    )
    expect(
      read({ kind: 'sequence', first: { type: 'link_clicked' }, then_not: { type: 'form_submitted' }, within: '2d' }),
    ).toBe('点击链接之后 2 天内没有提交表单')
    expect(read({ kind: 'order', amount: { ge: 100000 }, within: '30d' })).toBe(
      '最近 30 天已支付的订单合计至少 1000 元',
    )
  })
})

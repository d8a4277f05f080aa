import { expect, test } from 'vitest'
import { type Reply, replyDraft, replyOf, segmentOf, type Welcome, welcomeDraft, welcomeOf } from './drafts'

const reply: Reply = {
  reply_id: 1,
  kind: 'keyword',
  name: '营业时间',
  match: 'pattern',
  words: ['几点'],
  text: null,
  content_id: 7,
  account_id: 3,
  condition: { kind: 'segment', segment: '上海' },
  always: true,
  priority: 2,
  active: false,
  changed_at: '',
  changed_by: '',
}

test('a stored reply that nobody changes is saved as it was', () => {
  const { reply_id: _, changed_at: __, changed_by: ___, ...stored } = reply
  expect(replyOf(replyDraft(reply))).toEqual(stored)
})

test('only what is chosen is said, and menu keys and questions are compared in their one way', () => {
  const draft = { ...replyDraft(reply), said: 'text' as const, text: ' 10 点 ' }
  expect(replyOf(draft)).toMatchObject({ text: '10 点', content_id: null, match: 'pattern' })
  expect(replyOf({ ...draft, kind: 'menu' }).match).toBe('exact')
  expect(replyOf({ ...draft, kind: 'faq' }).match).toBe('contains')
})

test('a welcome for everybody names nobody, and who follows is not greeted again', () => {
  const draft = { ...welcomeDraft(null), ref: 'wang', second_text: '在吗', text: '您好' }
  expect(welcomeOf({ ...draft, scope: 'staff' })).toMatchObject({ ref: 'wang', second_after_minutes: 120 })
  expect(welcomeOf({ ...draft, scope: 'wecom' })).toMatchObject({ ref: '', second_after_minutes: 120 })
  const ways = [{ route: 'kf' as const, account_id: 3 }]
  expect(welcomeOf({ ...draft, second_ways: ways })).toMatchObject({ second_ways: ways })
  expect(welcomeOf({ ...draft, scope: 'kf' })).toMatchObject({ ref: '', second_after_minutes: null })
  expect(welcomeOf({ ...draft, scope: 'kf_account' })).toMatchObject({ ref: 'wang', second_after_minutes: null })
  expect(welcomeOf({ ...draft, second_ways: ways, scope: 'oa' })).toMatchObject({
    second_after_minutes: null,
    second_text: '',
    second_ways: [],
  })
  const never = {
    ...draft,
    welcome_id: 1,
    second_after_minutes: null,
    content_id: null,
    changed_at: '',
    changed_by: '',
  }
  expect(welcomeDraft(never as unknown as Welcome).second_after_minutes).toBeNull()
})

test('an audience is a segment or something that this form leaves alone', () => {
  expect(segmentOf(reply.condition)).toBe('上海')
  expect(segmentOf({ all: [] })).toBeNull()
  expect(segmentOf(null)).toBeNull()
})

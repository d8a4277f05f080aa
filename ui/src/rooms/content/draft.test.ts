import { expect, test } from 'vitest'
import { ApiError } from '@/api/client'
import { begin, faultsOf, fieldName, finished, place, said, shownFaults, tidy } from './draft'

const WORDS = { name: '姓名', phone: '手机号', agree: '同意' }

test('what was left empty is not said', () => {
  const draft = begin('article', WORDS)
  const told = tidy({ ...draft, title: ' 三步 ', body: { html: '<p>好</p>', message: '', cover: null } })
  expect(told).toEqual({ kind: 'article', title: '三步', digest: '', body: { html: '<p>好</p>' } })
  expect(tidy({ ...draft, key: 'a' }).key).toBe('a')
})

test('a new field has a name of its own', () => {
  const { fields = [] } = begin('form', WORDS).body
  const name = fieldName(fields)
  expect(fields.map((one) => one.name)).not.toContain(name)
  expect(fieldName([...fields, { name, label: '', type: 'text' }])).not.toBe(name)
})

test('faults stand at their places, and what is not there yet is not one before saving', () => {
  const errors = [
    { field: 'body.fields.0.label', fault: 'too_short', message: 'm' },
    { field: 'body.text', fault: 'bytes', message: 'm' },
  ]
  const found = faultsOf(new ApiError(422, 'bad_content', 'm', 'body.fields.0.label', { errors }))
  expect(shownFaults(found, false, false).map((one) => one.field)).toEqual(['body.text'])
  expect(shownFaults(found, true, false)).toHaveLength(2)
  expect(faultsOf(new ApiError(422, 'unknown_field', 'm', 'body.text', {}))[0]?.fault).toBe('unknown_field')
  expect(place('body.fields.0.label')).toBe('fields.label')
})

test('a message is shown as its route carries it', () => {
  expect(said('text', { msgtype: 'text', text: { content: '您好' } })).toEqual({ as: 'text', text: '您好' })
  const card = { as: 'card', title: '题', about: '说', picture: '/m/1' }
  expect(said('news', { news: { articles: [{ title: '题', description: '说', picurl: '/m/1' }] } })).toEqual(card)
  const link = { title: '题', desc: '说', picurl: '/m/1' }
  expect(said('link', { attachments: [{ msgtype: 'link', link }] })).toEqual(card)
  expect(said('link', { msgtype: 'link', link })).toEqual(card)
  const data = { remark: { value: '三' }, k1: { value: '二' }, first: { value: '一' } }
  expect(said('template', { data, url: 'x' })).toEqual({ as: 'template', lines: ['一', '二', '三'], opens: true })
})

test('a block that is not filled in hides none of the others', () => {
  const { body } = begin('landing', WORDS)
  const [heading, text] = body.blocks ?? []
  const fault = (field: string) => ({ field, fault: 'too_short', message: 'm' })
  expect(finished({ ...body }, [fault('body.blocks.2.cta.label'), fault('body.blocks.2.cta')])).toEqual({
    blocks: [heading, text],
  })
  expect(
    finished(
      { ...body },
      [0, 1, 2].map((at) => fault(`body.blocks.${at}.text`)),
    ),
  ).toBeNull()
  expect(finished({ ...body }, [fault('body.blocks.1.text'), fault('title')])).toBeNull()
})

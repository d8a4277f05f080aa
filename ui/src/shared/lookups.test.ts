import { expect, test } from 'vitest'
import { settable } from './lookups'

const tag = (tag_id: number, more: { retired?: boolean; read_only?: boolean } = {}) => ({
  tag_id,
  path: `组/${tag_id}`,
  retired: false,
  read_only: false,
  ...more,
})
const GROUPS = [
  { name: '意向', tags: [tag(1), tag(2, { retired: true }), tag(3, { read_only: true })] },
  { name: '规则', tags: [tag(4, { read_only: true })] },
]
const ids = (groups: ReturnType<typeof settable>) => groups.map((group) => group.options.map((one) => one.value))

test('a tag that only its platform gives is not offered for giving or taking', () => {
  expect(ids(settable(GROUPS))).toEqual([[1]])
  expect(ids(settable(GROUPS, { retired: true }))).toEqual([[1, 2]])
  expect(ids(settable(GROUPS, { kept: 4 }))).toEqual([[1], [4]])
})

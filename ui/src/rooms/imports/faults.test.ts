import { describe, expect, it } from 'vitest'
import { ApiError } from '@/api/client'
import { i18n } from '@/app/i18n'
import type { Say } from '@/shared/say'
import { fileFault } from './faults'

const say: Say = (key, values) => String(i18n.t(key, { lng: 'zh', ...values }))
const refused = (message: string, detail = {}) => new ApiError(422, 'bad_import_file', message, 'file', detail)

describe('a file that cannot be read', () => {
  it('says in Chinese what to do', () => {
    const quote = 'in row 7 or 8 a quotation mark opens and never closes'
    expect(fileFault(refused(quote, { row: 7 }), say)).toBe('第 7 行附近有一个引号没有收尾，请改好后再传')
    expect(fileFault(refused('the workbook is locked with a password'), say)).toContain('另存为 .xlsx')
    expect(fileFault(refused('the file is not gb18030'), say)).toContain('编码')
  })

  it('leaves what it does not know to the words of the code', () => {
    expect(fileFault(refused('something new'), say)).toBeNull()
    expect(fileFault(new ApiError(413, 'import_too_large', 'too large', 'file', {}), say)).toBeNull()
  })
})

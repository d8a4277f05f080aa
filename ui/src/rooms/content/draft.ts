import type { ApiError } from '@/api/client'
import type { components } from '@/api/schema'

export type Kind = components['schemas']['Kind']
export const KINDS: Kind[] = ['article', 'ebook', 'landing', 'form', 'image', 'link', 'text', 'template']
export const PAGELESS: ReadonlySet<string> = new Set(['text', 'template', 'link'])
/** The kinds that a link can lead to. */
export const PAGES: ReadonlySet<string> = new Set(['article', 'ebook', 'link', 'form', 'landing', 'image'])

export interface Cta {
  label: string
  kind: 'link' | 'form' | 'download' | 'group'
  content?: string | null
  url?: string | null
}

export const FIELD_TYPES = [
  'text',
  'textarea',
  'phone',
  'email',
  'select',
  'multi',
  'number',
  'date',
  'consent',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

export interface FormField {
  name: string
  label: string
  type: FieldType
  required?: boolean
  help?: string
  options?: string[]
  maps_to?: string | null
  ask?: 'always' | 'unknown'
  step?: number
  purpose?: 'profiling' | 'contact' | 'terms' | null
}

export const BLOCKS = ['heading', 'text', 'image', 'button', 'form'] as const
export type BlockType = (typeof BLOCKS)[number]
export const MOST_BLOCKS = 60
/** A part of a landing page. */
export type Block =
  | { type: 'heading' | 'text'; text: string }
  | { type: 'image'; file?: number; alt?: string }
  | { type: 'button'; cta: Cta }
  | { type: 'form'; form?: string }

/** A block of a type with nothing in it yet. */
export function blockOf(type: BlockType): Block {
  if (type === 'image') return { type }
  if (type === 'button') return { type, cta: { label: '', kind: 'link' } }
  return type === 'form' ? { type } : { type, text: '' }
}

/** What any kind may hold; `docs/content.md` says which holds what. */
export interface Body {
  html?: string
  author?: string
  ctas?: Cta[]
  file?: number
  intro?: string
  downloadable?: boolean
  caption?: string
  url?: string
  text?: string
  target?: string | null
  fields?: FormField[]
  submit?: string
  blocks?: Block[]
  after?: { title?: string; text?: string; ctas?: Cta[] }
  message?: string | null
  template?: { template_id: string; data: Record<string, string> } | null
  cover?: number | null
}

export interface Draft {
  key: string
  kind: Kind
  title: string
  digest: string
  body: Body
}

/** What a new piece of a kind begins with; `words` are the labels of a form's first fields. */
export function begin(kind: Kind, words: { name: string; phone: string; agree: string }): Draft {
  const bodies: Partial<Record<Kind, Body>> = {
    article: { html: '' },
    text: { text: '' },
    link: { url: '' },
    template: { template: { template_id: '', data: { first: '' } } },
    landing: { blocks: [blockOf('heading'), blockOf('text'), blockOf('button')] },
    form: {
      fields: [
        { name: 'name', label: words.name, type: 'text', required: true, maps_to: 'name' },
        { name: 'phone', label: words.phone, type: 'phone', required: true, maps_to: 'phone' },
        { name: 'agree', label: words.agree, type: 'consent', purpose: 'profiling' },
      ],
    },
  }
  return { key: '', kind, title: '', digest: '', body: bodies[kind] ?? {} }
}

/** A draft as the API takes it: what was left empty is not said. */
export function tidy(draft: Draft): Omit<Draft, 'key' | 'body'> & { key?: string; body: Record<string, unknown> } {
  const body: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(draft.body)) {
    if (value === null || value === undefined) continue
    if (value === '' && ['message', 'target', 'submit'].includes(name)) continue
    body[name] = value
  }
  return {
    ...(draft.key ? { key: draft.key } : {}),
    kind: draft.kind,
    title: draft.title.trim(),
    digest: draft.digest,
    body,
  }
}

/** A name that no field of the form has. */
export function fieldName(fields: FormField[]): string {
  const taken = new Set(fields.map((one) => one.name))
  let number = fields.length + 1
  while (taken.has(`field_${number}`)) number += 1
  return `field_${number}`
}

/** What is wrong: where, a stable word for it, and the server's own words. */
export interface Fault {
  field: string
  fault: string
  message: string
}

export function faultsOf(error: ApiError): Fault[] {
  const all = error.detail.errors
  if (Array.isArray(all)) return all as Fault[]
  const named = error.detail.fault
  const fault = typeof named === 'string' ? named : error.code
  return [{ field: error.field ?? '', fault, message: error.message }]
}

/** Faults of what is not there yet: nobody is told before they tried to save. */
const NOT_YET = new Set(['missing', 'too_short', 'string_too_short', 'target', 'options', 'purpose'])

export function shownFaults(faults: Fault[], tried: boolean, empty: boolean): Fault[] {
  if (tried) return faults
  return empty ? [] : faults.filter((one) => !NOT_YET.has(one.fault) && one.field !== 'body.url')
}

/** A landing page without the blocks that have faults; null when that is all, or when something else is wrong. */
export function finished(body: Record<string, unknown>, faults: Fault[]): Record<string, unknown> | null {
  const at = faults.map((one) => /^body\.blocks\.(\d+)(\.|$)/.exec(one.field)?.[1])
  if (at.includes(undefined)) return null
  const blocks = (body.blocks as Block[]).filter((_, number) => !at.includes(String(number)))
  return blocks.length > 0 ? { ...body, blocks } : null
}

/** Where a fault stands, without the numbers: `body.fields.2.label` is `fields.label`. */
export function place(field: string): string {
  return field
    .split('.')
    .filter((part) => part !== 'body' && !/^\d+$/.test(part))
    .join('.')
}

/** A message as a chat shows it. */
export type Said =
  | { as: 'text'; text: string }
  | { as: 'card'; title: string; about: string; picture: string | null }
  | { as: 'template'; lines: string[]; opens: boolean }
  | { as: 'article'; title: string; about: string }

interface Sent {
  text?: { content?: string }
  news?: { articles?: { title: string; description?: string; picurl?: string }[] }
  attachments?: { link?: { title: string; desc?: string; picurl?: string } }[]
  link?: { title: string; desc?: string; picurl?: string }
  data?: Record<string, { value: string }>
  url?: string
  title?: string
  digest?: string
  content?: string
}

const RANK = (name: string) => (name === 'first' ? 0 : name === 'remark' ? 2 : 1)

export function said(kind: string, body: Record<string, unknown>): Said {
  const sent = body as Sent
  if (kind === 'draft') return { as: 'article', title: sent.title ?? '', about: sent.digest ?? '' }
  if (kind === 'template') {
    const lines = Object.entries(sent.data ?? {}).sort(([a], [b]) => RANK(a) - RANK(b))
    return { as: 'template', lines: lines.map(([, one]) => one.value), opens: sent.url !== undefined }
  }
  const article = sent.news?.articles?.[0]
  if (article) {
    const { title, description = '', picurl = null } = article
    return { as: 'card', title, about: description, picture: picurl }
  }
  const link = sent.attachments?.[0]?.link ?? sent.link
  if (link) return { as: 'card', title: link.title, about: link.desc ?? '', picture: link.picurl ?? null }
  return { as: 'text', text: sent.text?.content ?? '' }
}

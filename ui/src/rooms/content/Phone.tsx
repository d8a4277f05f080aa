import { CheckCircleFilled, LeftOutlined, MinusCircleOutlined, MoreOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Segmented, Select, Typography } from 'antd'
import { type ReactNode, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { useSettled } from '@/shared/useSettled'
import { said } from './draft'

export type Shown = components['schemas']['DraftBody']
type Way = components['schemas']['RouteWayBody']

/** A piece as the customer sees it: its page, and how it looks in a chat by each route. */
export function Phone({
  shown,
  title,
  customer,
  choose,
  first: begin,
}: {
  shown: Shown | null
  title: string
  customer: number | undefined
  choose: (customer: number | undefined) => void
  /** The route whose message is shown first; else the page. */
  first?: string
}) {
  const t = useSay()
  const [view, setView] = useState(begin ?? 'page')
  const page = shown?.html ?? null
  const ways = shown?.routes ?? []
  const open = ways.filter((one) => one.message)
  const route = view !== 'page' ? open.find((one) => one.route === view) : undefined
  const first = page === null ? open[0] : undefined
  const way = route ?? first
  const personal = ways.some((one) => (one.message?.fields.length ?? 0) > 0)
  return (
    <div className="content-side">
      {page !== null && (
        <Segmented
          block
          aria-label={t('content.look')}
          value={way ? 'chat' : 'page'}
          onChange={(to) => setView(to === 'page' ? 'page' : (open[0]?.route ?? 'page'))}
          options={[
            { value: 'page', label: t('content.look_page') },
            { value: 'chat', label: t('content.look_chat'), disabled: open.length === 0 },
          ]}
        />
      )}
      <Frame title={way ? t(`content.chat.${way.route}`, { defaultValue: t('content.chat') }) : title}>
        {way ? (
          <Chat way={way} />
        ) : page !== null ? (
          <Page html={page} />
        ) : (
          <div className="content-nothing">{t('content.no_preview')}</div>
        )}
      </Frame>
      {way && personal && <Customer customer={customer} choose={choose} />}
      <Ways ways={ways} chosen={way?.route} show={setView} />
    </div>
  )
}

/** A phone around what it shows. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="content-phone">
      <div className="content-phone-bar">
        <LeftOutlined aria-hidden />
        <span>{title}</span>
        <MoreOutlined aria-hidden />
      </div>
      <div className="content-phone-screen">{children}</div>
    </div>
  )
}

/** The page itself. It can be read and its steps turned; its buttons and links lead nowhere, its form goes nowhere. */
function Page({ html }: { html: string }) {
  const t = useSay()
  const frame = useRef<HTMLIFrameElement>(null)
  const at = useRef(0)
  return (
    <iframe
      ref={frame}
      title={t('content.preview')}
      srcDoc={html}
      onLoad={() => {
        const inside = frame.current?.contentWindow
        if (!inside) return
        inside.document.addEventListener('click', (event) => {
          if ((event.target as Element | null)?.closest?.('a')) event.preventDefault()
        })
        inside.document.addEventListener('submit', (event) => event.preventDefault())
        // What is being written stays in view although the page is drawn anew.
        inside.scrollTo({ top: at.current, behavior: 'instant' })
        inside.addEventListener('scroll', () => {
          at.current = inside.scrollY
        })
      }}
    />
  )
}

function Chat({ way }: { way: Way }) {
  const t = useSay()
  if (!way.message) return null
  const it = said(way.message.kind, way.message.body)
  if (it.as === 'article')
    return (
      <div className="content-chat">
        <div className="content-mass">
          <div className="content-mass-cover" />
          <strong>{it.title}</strong>
          {it.about && <p>{it.about}</p>}
        </div>
        <p className="content-note">{t('content.mass_note')}</p>
      </div>
    )
  if (it.as === 'template')
    return (
      <div className="content-chat">
        <div className="content-template">
          {it.lines.map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name of their own
            <p key={at}>{line}</p>
          ))}
          {it.opens && <div className="content-template-more">{t('content.see_more')}</div>}
        </div>
      </div>
    )
  return (
    <div className="content-chat">
      <div className="content-said">
        <span className="content-face" aria-hidden />
        {it.as === 'text' ? (
          <div className="content-bubble">{it.text}</div>
        ) : (
          <div className="content-card">
            <strong>{it.title}</strong>
            <div>
              <span>{it.about}</span>
              {it.picture ? <img src={local(it.picture)} alt="" /> : <i aria-hidden />}
            </div>
          </div>
        )}
      </div>
    </div>
  )
}

/** Our own pictures under this address: the public one may not be reachable from here. */
function local(address: string): string {
  return /\/m\/\d+$/.exec(address)?.[0] ?? address
}

/** Whose fields fill the words. */
function Customer({
  customer,
  choose,
}: {
  customer: number | undefined
  choose: (customer: number | undefined) => void
}) {
  const t = useSay()
  const [typed, setTyped] = useState('')
  const words = useSettled(typed.trim(), 250)
  const found = useQuery({
    queryKey: ['customers', 'preview', words],
    enabled: useMay('customers.read'),
    placeholderData: (before) => before,
    queryFn: async () =>
      (await data(api.GET('/api/customers', { params: { query: { q: words || undefined, limit: 8 } } }))).items,
  })
  return (
    <Select
      allowClear
      showSearch={{ filterOption: false, onSearch: setTyped }}
      aria-label={t('content.as_customer')}
      placeholder={t('content.as_defaults')}
      value={customer}
      onChange={choose}
      options={(found.data ?? []).map((one) => ({
        value: one.customer_id,
        label: one.name ?? t('customer.nameless', { id: one.customer_id }),
      }))}
      style={{ width: '100%' }}
    />
  )
}

/** Which routes can send the piece, and why others cannot. */
function Ways({ ways, chosen, show }: { ways: Way[]; chosen: string | undefined; show: (route: string) => void }) {
  const t = useSay()
  const { i18n } = useTranslation()
  if (ways.length === 0) return null
  const why = (way: Way) => {
    if (i18n.language !== 'zh') return way.reason ?? ''
    const about =
      way.field === 'title' || way.field === 'body.html' ? '.long' : way.field === 'body.text' ? '.text' : ''
    return t(`content.why.${way.code}.${way.route}`, {
      defaultValue: t(`content.why.${way.code}${about}`, { defaultValue: t('content.why.other') }),
    })
  }
  return (
    <div>
      <Typography.Text strong>{t('content.ways')}</Typography.Text>
      <ul className="content-ways">
        {ways.map((way) => (
          <li key={way.route}>
            {way.message ? (
              <CheckCircleFilled style={{ color: 'var(--siyu-green)' }} />
            ) : (
              <MinusCircleOutlined style={{ color: '#71827d' }} />
            )}
            <div>
              {way.message ? (
                <button
                  type="button"
                  className="content-way"
                  aria-pressed={way.route === chosen}
                  onClick={() => show(way.route)}
                >
                  {t(`route.${way.route}`)}
                </button>
              ) : (
                <span>{t(`route.${way.route}`)}</span>
              )}
              <Typography.Text type="secondary" style={{ display: 'block' }}>
                {way.message ? t(way.message.personal ? 'content.way_personal' : 'content.way_shared') : why(way)}
              </Typography.Text>
            </div>
          </li>
        ))}
      </ul>
    </div>
  )
}

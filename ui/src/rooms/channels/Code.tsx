import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Form, QRCode, Select, Switch, Typography } from 'antd'
import { type ReactNode, useRef, useState } from 'react'
import { api, data } from '@/api/client'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import type { Channel } from './model'
import { drawn, embedded, pixels, printed, save } from './printing'

const SIZES = [30, 50, 80, 120, 300]

/** The channel's code or link: to copy, and as an image for print. */
export function Code({ channel }: { channel: Channel }) {
  const t = useSay()
  const { code } = channel
  if (channel.archived_at) return <Alert type="info" showIcon title={t('channels.code.archived')} />
  if (code.waiting) return <Alert type="info" showIcon title={t(`channels.code.waiting_hint.${channel.kind}`)} />
  if (code.url) {
    return (
      <Printable channel={channel} drawing="code" address={code.url}>
        <QRCode type="svg" value={code.url} errorLevel="H" size={220} bordered={false} color="#000" bgColor="#fff" />
      </Printable>
    )
  }
  if (!code.image_url) return <Alert type="warning" showIcon title={t('channels.code.none')} />
  return <Pictured channel={channel} />
}

/** A code of which the platform gives its own image alone: fetched by the server, because browsers may not read it. */
function Pictured({ channel }: { channel: Channel }) {
  const { channel_id, code } = channel
  const picture = useQuery({
    queryKey: ['channel-image', channel_id, code.image_url],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const params = { path: { channel_id } }
      return embedded(await data(api.GET('/api/channels/{channel_id}/image', { params, parseAs: 'blob' })))
    },
  })
  return (
    <Loaded query={picture}>
      {({ address, width, height, code: { left, top, side } }) => (
        <Printable channel={channel} drawing="image" address={code.image_url}>
          <svg viewBox={`${left} ${top} ${side} ${side}`} width={220} height={220} aria-hidden="true">
            <image href={address} width={width} height={height} style={{ imageRendering: 'pixelated' }} />
          </svg>
        </Printable>
      )}
    </Loaded>
  )
}

function copied(t: (key: string) => string): [string, string] {
  return [t('channels.copy'), t('channels.copied')]
}

interface Drawn {
  channel: Channel
  /** Drawn by us, or the platform's image, which may have a picture of its own in the middle. */
  drawing: 'code' | 'image'
  address: string
  children: ReactNode
}

function Printable({ channel, drawing, address, children }: Drawn) {
  const t = useSay()
  const tell = useTell()
  const place = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState(50)
  const [logo, setLogo] = useState(false)
  const [named, setNamed] = useState(true)
  const [hooked, setHooked] = useState(channel.definition.hook !== '')
  const { definition } = channel
  const svg = () => {
    const found = place.current?.querySelector('svg')
    if (!found) throw new Error('no code is drawn')
    const words = [named ? definition.name : '', hooked ? definition.hook : ''].filter(Boolean)
    return printed(found, { size, logo, words })
  }
  const file = (kind: string) => `${definition.name}-${channel.state}-${size}mm.${kind}`
  const png = async () => {
    try {
      save(await drawn(svg(), pixels(size)), file('png'))
    } catch (error) {
      tell.failed(error)
    }
  }
  return (
    <Card styles={{ body: { padding: 16 } }}>
      <Flex wrap gap={24}>
        <div ref={place} role="img" aria-label={t('channels.code.of', { name: definition.name })}>
          {children}
        </div>
        <Flex vertical gap={12} style={{ flex: 1, minWidth: 280 }}>
          <Typography.Paragraph
            copyable={{ text: address, tooltips: copied(t) }}
            style={{ margin: 0, overflowWrap: 'anywhere' }}
          >
            {drawing === 'code' ? address : t('channels.code.image_address')}
          </Typography.Paragraph>
          {drawing === 'image' && <Typography.Text>{t('channels.code.image_hint')}</Typography.Text>}
          <Form layout="inline" style={{ rowGap: 8 }}>
            <Form.Item label={t('channels.print.size')}>
              <Select
                aria-label={t('channels.print.size')}
                value={size}
                onChange={setSize}
                style={{ width: 130 }}
                options={SIZES.map((value) => ({ value, label: t('channels.print.cm', { cm: value / 10 }) }))}
              />
            </Form.Item>
            <Form.Item label={t('channels.print.name')}>
              <Switch size="small" checked={named} onChange={setNamed} aria-label={t('channels.print.name')} />
            </Form.Item>
            {definition.hook && (
              <Form.Item label={t('channels.print.hook')}>
                <Switch size="small" checked={hooked} onChange={setHooked} aria-label={t('channels.print.hook')} />
              </Form.Item>
            )}
            {drawing === 'code' && (
              <Form.Item label={t('channels.print.logo')}>
                <Switch size="small" checked={logo} onChange={setLogo} aria-label={t('channels.print.logo')} />
              </Form.Item>
            )}
          </Form>
          <Flex wrap gap={8}>
            <Button
              type="primary"
              icon={<DownloadOutlined />}
              onClick={() => save(new Blob([svg()], { type: 'image/svg+xml' }), file('svg'))}
            >
              {t('channels.print.svg')}
            </Button>
            <Button icon={<DownloadOutlined />} onClick={() => void png()}>
              {t('channels.print.png')}
            </Button>
          </Flex>
          <Typography.Text type="secondary">{t(`channels.print.hint.${drawing}`)}</Typography.Text>
        </Flex>
      </Flex>
    </Card>
  )
}

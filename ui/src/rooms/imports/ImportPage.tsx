import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Alert, Card, Flex, Steps, Tag } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { sourceWord } from '@/rooms/customers/events'
import { useNames } from '@/shared/lookups'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { when } from '@/shared/when'
import { Done } from './Done'
import { Findings } from './Findings'
import { Heading } from './Heading'
import { ImportButtons } from './ImportButtons'
import { forecast, type Import, importable, lookAgain, moving, outcome, percent, STATE_COLOURS } from './look'
import { Mapping } from './Mapping'
import { Moving } from './Moving'
import { Reading } from './Reading'
import { Sum } from './Sum'
import { useRefused } from './useActs'

export default function ImportPage() {
  const { id } = useParams({ from: '/frame/imports/$id' })
  const query = useQuery({
    queryKey: ['import', Number(id)],
    refetchInterval: (state) => lookAgain(state.state.data),
    queryFn: () => data(api.GET('/api/imports/{import_id}', { params: { path: { import_id: Number(id) } } })),
  })
  return (
    <Loaded query={query}>
      {(one) => <Shown key={one.import_id} one={one} lost={query.failureCount > 0 || query.isRefetchError} />}
    </Loaded>
  )
}

const STAGE: Record<Import['state'], number> = {
  draft: 0,
  checking: 2,
  checked: 2,
  applying: 3,
  complete: 4,
  taking_back: 4,
  taken_back: 4,
  cancelled: 4,
}

function Shown({ one, lost }: { one: Import; lost: boolean }) {
  const t = useSay()
  const mayWrite = useMay('customers.import')
  const refused = useRefused(one.import_id)
  const [confirmed, setConfirmed] = useState(false)
  const [visited, setVisited] = useState(false)
  const [again, setAgain] = useState(false)
  const { elsewhere, mine, seen } = useElsewhere(one)
  const open = one.state === 'draft' || (one.state === 'checked' && again)
  const editing = open && mayWrite
  const over = one.state === 'cancelled' || one.state === 'taking_back' || one.state === 'taken_back'
  const stage = editing ? (confirmed ? 1 : 0) : STAGE[one.state]
  const steps = [one.reading.kind === 'csv' ? 'reading' : 'sheet', 'mapping', 'check', 'apply'] as const
  const name = one.file_name || `${t('nav.imports')} #${one.import_id}`
  // A column that is read anew means something else.
  const reading = JSON.stringify([one.reading, one.columns.map((column) => column.title)])
  return (
    <Page
      name={moving(one) ? `${percent(one)}% · ${name}` : name}
      title={
        <Flex gap={10} align="center" wrap>
          <span style={{ overflowWrap: 'anywhere' }}>{name}</span>
          <Tag color={STATE_COLOURS[one.state]}>{t(`import.state.${one.state}`)}</Tag>
        </Flex>
      }
      hint={<Link to="/imports">{t('import.all')}</Link>}
      extra={
        mayWrite && (
          <ImportButtons
            one={one}
            editing={editing}
            edit={() => {
              setConfirmed(true)
              setVisited(true)
              setAgain(true)
            }}
            done={mine}
          />
        )
      }
    >
      <Card styles={{ body: { padding: 20 } }}>
        {!over && (
          <Steps
            size="small"
            current={stage}
            items={steps.map((step) => ({ title: t(`import.step.${step}`) }))}
            style={{ marginBottom: 20 }}
          />
        )}
        {elsewhere && (
          <Alert type="info" showIcon closable={{ onClose: seen }} title={elsewhere} style={{ marginBottom: 12 }} />
        )}
        {one.same_file_as !== null && (editing || one.state === 'checked') && (
          <Alert
            type="info"
            showIcon
            title={
              <Link to="/imports/$id" params={{ id: String(one.same_file_as) }}>
                {t('import.same_file', { id: one.same_file_as })}
              </Link>
            }
            style={{ marginBottom: 12 }}
          />
        )}
        {open && !mayWrite && <Alert type="info" showIcon title={t('import.not_yours')} />}
        {editing && !confirmed && (
          <Reading
            one={one}
            refused={refused}
            next={() => {
              setConfirmed(true)
              setVisited(true)
            }}
          />
        )}
        {editing && visited && (
          // Kept while one looks back at the text, so that what was chosen is still there.
          <div hidden={!confirmed}>
            <Mapping
              key={reading}
              one={one}
              refused={refused}
              back={() => setConfirmed(false)}
              checking={(found) => {
                mine(found)
                setAgain(false)
                setConfirmed(false)
                setVisited(false)
              }}
            />
          </div>
        )}
        {moving(one) && <Moving one={one} lost={lost} />}
        {one.state === 'checked' && !editing && (
          <>
            <Heading>
              {t(importable(one) ? 'import.checked' : 'import.checked_none', {
                count: importable(one),
              })}
            </Heading>
            <Sum lines={forecast(one)} />
            <Findings one={one} />
          </>
        )}
        {one.state === 'applying' && <Sum lines={forecast(one)} />}
        {one.state === 'complete' && <Done one={one} mayWrite={mayWrite} done={mine} />}
        {(one.state === 'cancelled' || one.state === 'taken_back') && <Over one={one} />}
      </Card>
    </Page>
  )
}

/** An import that left nothing behind: who ended it, when, and what it had written. */
function Over({ one }: { one: Import }) {
  const t = useSay()
  const names = useNames()
  const who = one.cancelled_by === null ? null : sourceWord(one.cancelled_by, names, t)
  const how = who === null ? 'import.expired' : `import.${one.state}_by`
  return (
    <>
      <Alert type="warning" showIcon title={t(how, { who, at: when(one.ended_at) })} style={{ marginBottom: 16 }} />
      {one.state === 'taken_back' && (
        <>
          <Heading>{t('import.had_written')}</Heading>
          <Sum lines={outcome(one)} />
        </>
      )}
      <Link to="/imports">{t('import.another')}</Link>
    </>
  )
}

/** Notices when the import went on without this screen: in another tab, or by somebody else. */
function useElsewhere(one: Import) {
  const t = useSay()
  const names = useNames()
  const before = useRef(one.state)
  const expected = useRef<Import['state'] | null>(null)
  const [elsewhere, setElsewhere] = useState<string | null>(null)
  const who = sourceWord(one.cancelled_by ?? one.applied_by ?? one.actor, names, t)
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of the state is news
  useEffect(() => {
    const from = before.current
    before.current = one.state
    if (from === one.state) return
    const own = expected.current === one.state
    expected.current = null
    // What a worker brings about is no news: it was asked for here, or told when it began.
    const settled = ['checked', 'complete', 'taken_back'].includes(one.state) && from !== 'draft'
    setElsewhere(own || settled ? null : t(`import.elsewhere.${one.state}`, { who, defaultValue: '' }) || null)
  }, [one.state])
  return {
    elsewhere,
    mine: (found: Import) => {
      expected.current = found.state
    },
    seen: () => setElsewhere(null),
  }
}

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Alert, Button, Card, Flex, Progress, Select, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useMay, useSession } from '@/app/session'
import { TaskList } from '@/rooms/tasks/TaskList'
import { useCompany } from '@/shared/CompanyTime'
import { useNames, useStaff } from '@/shared/lookups'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { exactly, local } from '@/shared/when'
import { type Desk, type DeskTask, ordered, sums } from './desk'
import { TaskPeople } from './TaskPeople'
import { Team } from './Team'
import { readable, said, told } from './told'

const COLOURS: Partial<Record<DeskTask['state'], string>> = {
  open: 'gold',
  handing: 'gold',
  planned: 'blue',
  confirmed: 'green',
  done: 'green',
  failed: 'red',
  unknown: 'orange',
}

const TEAM = 0

/** A salesperson's pushes of today, on a phone: what to confirm, how long it takes, what became of it. Who looks after
 * salespeople sees the team's day first. */
export default function PushDesk() {
  const t = useSay()
  const { staff, task } = useSearch({ from: '/frame/pushdesk' })
  const all = useMay('outreach.read')
  const me = useSession().data?.staff_id
  return (
    <Page
      title={t('pushdesk.title')}
      hint={t(all && staff === undefined ? 'pushdesk.team_hint' : 'pushdesk.hint')}
      extra={all && <Whose staff={staff} />}
    >
      {all && staff === undefined && <Team />}
      <div style={{ maxWidth: 640 }}>
        {(!all || staff !== undefined) && <One staff={staff} task={task} />}
        {(staff === undefined || staff === me) && (
          <section aria-label={t('tasks.title')} style={{ marginTop: 24 }}>
            <Typography.Title level={4}>{t('tasks.title')}</Typography.Title>
            <TaskList />
          </section>
        )}
      </div>
    </Page>
  )
}

function One({ staff, task }: { staff: number | undefined; task: string | undefined }) {
  const navigate = useNavigate()
  const desk = useQuery({
    queryKey: ['desk', staff ?? 'own'],
    refetchInterval: 5_000,
    queryFn: () => data(api.GET('/api/outreach/desk', { params: { query: staff ? { staff_id: staff } : {} } })),
  })
  return (
    <>
      <Loaded query={desk}>{(found) => <Day desk={found} />}</Loaded>
      <TaskPeople
        staff={staff}
        task={task}
        of={desk.data?.tasks.find((one) => one.key === task)}
        close={() => void navigate({ to: '/pushdesk', search: { staff } })}
      />
    </>
  )
}

function Whose({ staff }: { staff: number | undefined }) {
  const t = useSay()
  const navigate = useNavigate()
  const members = (useStaff() ?? []).filter((one) => one.userid !== null)
  return (
    <Select
      aria-label={t('pushdesk.whose')}
      value={staff ?? TEAM}
      style={{ minWidth: 160 }}
      showSearch={{ optionFilterProp: 'label' }}
      options={[
        { value: TEAM, label: t('pushdesk.team') },
        ...members.map((one) => ({ value: one.staff_id, label: one.name })),
      ]}
      onChange={(chosen: number) => void navigate({ to: '/pushdesk', search: { staff: chosen || undefined } })}
    />
  )
}

function Day({ desk }: { desk: Desk }) {
  const t = useSay()
  const now = useCompany(true).data?.now ?? ''
  const { waiting, later, confirmed, total, minutes } = sums(desk)
  if (desk.userid === null) return <Alert type="info" showIcon title={t('pushdesk.no_userid')} />
  return (
    <Flex vertical gap={12}>
      {total > 0 && (
        <Card styles={{ body: { padding: 16 } }}>
          <Typography.Title level={4} style={{ margin: 0 }}>
            {waiting ? t('pushdesk.waiting', { count: waiting }) : t('pushdesk.none_waiting')}
          </Typography.Title>
          <Typography.Text type="secondary">
            {[
              minutes ? t('pushdesk.minutes', { minutes }) : t('pushdesk.all_done'),
              ...(later ? [t('pushdesk.later', { count: later })] : []),
            ].join(' · ')}
          </Typography.Text>
          <Progress
            percent={Math.round((100 * confirmed) / total)}
            showInfo={false}
            strokeColor="var(--siyu-green)"
            aria-label={t('pushdesk.progress', { done: confirmed, total })}
          />
          <Typography.Text type="secondary">{t('pushdesk.progress', { done: confirmed, total })}</Typography.Text>
          {waiting > 0 && (
            <div style={{ marginTop: 12 }}>
              {desk.assistant_url ? (
                <Button type="primary" size="large" block href={desk.assistant_url} target="_blank" rel="noreferrer">
                  {t('pushdesk.confirm')}
                </Button>
              ) : (
                <Alert type="info" showIcon title={t('pushdesk.in_client')} />
              )}
            </div>
          )}
        </Card>
      )}
      {desk.moved > 0 && <Alert type="warning" showIcon title={t('pushdesk.moved', { count: desk.moved })} />}
      {desk.tasks.length === 0 && (
        <Card>
          <Nothing title={t('pushdesk.empty')}>
            <Typography.Text type="secondary">{t('pushdesk.empty_hint')}</Typography.Text>
          </Nothing>
        </Card>
      )}
      {desk.tasks.length > 0 && (
        <section aria-label={t('pushdesk.tasks')}>
          <Flex vertical gap={8}>
            {ordered(desk.tasks).map((task) => (
              <Task key={task.key} task={task} now={now} />
            ))}
          </Flex>
        </section>
      )}
      {desk.delay_s !== null && desk.delay_s >= 600 && total > 0 && (
        <Typography.Text type="secondary">{t('pushdesk.delay', { span: said(t, desk.delay_s) })}</Typography.Text>
      )}
    </Flex>
  )
}

function Task({ task, now }: { task: DeskTask; now: string }) {
  const t = useSay()
  const names = useNames()
  const { staff } = useSearch({ from: '/frame/pushdesk' })
  return (
    <Card size="small" styles={{ body: { padding: '12px 16px' } }}>
      <Flex justify="space-between" gap={8} align="center">
        <Typography.Text strong title={exactly(task.at)}>
          {t(`daypart.${task.part}`)} {local(task.at).format('HH:mm')}
        </Typography.Text>
        <span>
          {task.route === 'moments' && <Tag color="purple">{t('route.moments')}</Tag>}
          <Tag color={COLOURS[task.state] ?? 'default'} style={{ margin: 0 }}>
            {t(`pushdesk.state.${task.state}`)}
          </Tag>
        </span>
      </Flex>
      <Typography.Paragraph ellipsis={{ rows: 2 }} style={{ margin: '4px 0', whiteSpace: 'pre-line' }}>
        {readable(t, task, names.attribute)}
      </Typography.Paragraph>
      <Flex justify="space-between" align="end" gap={8}>
        <Typography.Text type="secondary">
          {[
            t(task.route === 'moments' ? 'pushdesk.audience' : 'pushdesk.people', { count: task.recipients }),
            ...told(t, task, now),
          ].join(' · ')}
        </Typography.Text>
        <Link
          to="/pushdesk"
          search={{ staff, task: task.key }}
          style={{ whiteSpace: 'nowrap', padding: '8px 0 8px 8px', margin: '-8px 0' }}
        >
          {t('pushdesk.open_people')}
        </Link>
      </Flex>
      {(task.state === 'confirmed' || task.state === 'done') && (
        <Progress
          percent={task.recipients ? Math.round((100 * task.received) / task.recipients) : 0}
          size="small"
          showInfo={false}
          strokeColor="var(--siyu-green)"
          aria-label={t('pushdesk.reached', { done: task.received, total: task.recipients })}
        />
      )}
    </Card>
  )
}

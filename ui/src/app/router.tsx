import { createRootRoute, createRoute, createRouter, Outlet, redirect } from '@tanstack/react-router'
import { Frame } from '@/app/Frame'
import { readAddress } from '@/rooms/customers/address'
import { later } from '@/shared/later'
import { Failure, Loading, NotHere } from '@/shared/states'

const root = createRootRoute({ component: Outlet })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  // Only a path of this site: "//elsewhere" would lead a person away right after the password.
  validateSearch: (given: Record<string, unknown>): { next?: string } => ({
    next: typeof given.next === 'string' && /^\/(?![/\\])/.test(given.next) ? given.next : undefined,
  }),
  component: later(() => import('@/rooms/team/SignIn')),
})

const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: Frame })

const home = createRoute({
  getParentRoute: () => frame,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/journeys' })
  },
})

const account = createRoute({
  getParentRoute: () => frame,
  path: '/account',
  component: later(() => import('@/rooms/team/Account')),
})

const journeys = createRoute({
  getParentRoute: () => frame,
  path: '/journeys',
  component: later(() => import('@/rooms/journeys/JourneysList')),
})
const journey = createRoute({
  getParentRoute: () => frame,
  path: '/journeys/$id',
  component: later(() => import('@/rooms/journeys/JourneyPage')),
})
const stagesNew = createRoute({
  getParentRoute: () => frame,
  path: '/journeys/new',
  component: later(() => import('@/rooms/journeys/StageEditor').then((found) => ({ default: found.NewStages }))),
})
const stagesEdit = createRoute({
  getParentRoute: () => frame,
  path: '/journeys/$id/edit',
  component: later(() => import('@/rooms/journeys/StageEditor')),
})

const customers = createRoute({
  getParentRoute: () => frame,
  path: '/customers',
  validateSearch: readAddress,
  component: later(() => import('@/rooms/customers/CustomersList')),
})
const customer = createRoute({
  getParentRoute: () => frame,
  path: '/customers/$id',
  validateSearch: (given: Record<string, unknown>): { tab?: string } => ({
    tab: typeof given.tab === 'string' ? given.tab : undefined,
  }),
  component: later(() => import('@/rooms/customers/CustomerPage')),
})
const segments = createRoute({
  getParentRoute: () => frame,
  path: '/segments',
  component: later(() => import('@/rooms/segments/SegmentsList')),
})
const segment = createRoute({
  getParentRoute: () => frame,
  path: '/segments/$id',
  component: later(() => import('@/rooms/segments/SegmentPage')),
})
/** Which list of tags is shown, and which tag is open. */
export interface TagsSearch {
  tab?: string
  open?: number
}

const tags = createRoute({
  getParentRoute: () => frame,
  path: '/tags',
  validateSearch: (given: Record<string, unknown>): TagsSearch => ({
    tab: given.tab === 'hygiene' ? given.tab : undefined,
    open: Number.isInteger(given.open) && Number(given.open) > 0 ? Number(given.open) : undefined,
  }),
  component: later(() => import('@/rooms/tags/TagsPage')),
})
const lifecycle = createRoute({
  getParentRoute: () => frame,
  path: '/lifecycle',
  validateSearch: (given: Record<string, unknown>): { tab?: string } => ({
    tab: typeof given.tab === 'string' ? given.tab : undefined,
  }),
  component: later(() => import('@/rooms/lifecycle/LifecyclePage')),
})
const imports = createRoute({
  getParentRoute: () => frame,
  path: '/imports',
  component: later(() => import('@/rooms/imports/ImportsList')),
})
const oneImport = createRoute({
  getParentRoute: () => frame,
  path: '/imports/$id',
  component: later(() => import('@/rooms/imports/ImportPage')),
})
const reviews = createRoute({
  getParentRoute: () => frame,
  path: '/reviews',
  component: later(() => import('@/rooms/reviews/ReviewsPage')),
})
/** What the library is narrowed to, and which piece is open at which tab. */
export interface ContentSearch {
  q?: string
  kind?: string
  archived?: boolean
  open?: number
  tab?: string
  did?: string
}

const content = createRoute({
  getParentRoute: () => frame,
  path: '/content',
  validateSearch: (given: Record<string, unknown>): ContentSearch => ({
    q: typeof given.q === 'string' || typeof given.q === 'number' ? String(given.q) : undefined,
    kind: typeof given.kind === 'string' ? given.kind : undefined,
    archived: given.archived === true || undefined,
    open: Number.isInteger(given.open) && Number(given.open) > 0 ? Number(given.open) : undefined,
    tab: typeof given.tab === 'string' ? given.tab : undefined,
    did: typeof given.did === 'string' ? given.did : undefined,
  }),
  component: later(() => import('@/rooms/content/ContentPage')),
})
const contentNew = createRoute({
  getParentRoute: () => frame,
  path: '/content/new',
  validateSearch: (given: Record<string, unknown>): { kind?: string } => ({
    kind: typeof given.kind === 'string' ? given.kind : undefined,
  }),
  component: later(() => import('@/rooms/content/EditorPage').then((found) => ({ default: found.NewContent }))),
})
const contentEdit = createRoute({
  getParentRoute: () => frame,
  path: '/content/$id/edit',
  component: later(() => import('@/rooms/content/EditorPage')),
})

const channels = createRoute({
  getParentRoute: () => frame,
  path: '/channels',
  component: later(() => import('@/rooms/channels/ChannelsList')),
})
const channel = createRoute({
  getParentRoute: () => frame,
  path: '/channels/$id',
  component: later(() => import('@/rooms/channels/ChannelPage')),
})

const outreach = createRoute({
  getParentRoute: () => frame,
  path: '/outreach',
  component: later(() => import('@/rooms/outreach/PolicyPage')),
})
const pushdesk = createRoute({
  getParentRoute: () => frame,
  path: '/pushdesk',
  validateSearch: (given: Record<string, unknown>): { staff?: number; task?: string } => ({
    staff: Number.isInteger(given.staff) && Number(given.staff) > 0 ? Number(given.staff) : undefined,
    task: typeof given.task === 'string' ? given.task : undefined,
  }),
  component: later(() => import('@/rooms/pushdesk/PushDesk')),
})
const replies = createRoute({
  getParentRoute: () => frame,
  path: '/replies',
  validateSearch: (given: Record<string, unknown>): { tab?: string } => ({
    tab: typeof given.tab === 'string' ? given.tab : undefined,
  }),
  component: later(() => import('@/rooms/replies/RepliesPage')),
})
const workdays = createRoute({
  getParentRoute: () => frame,
  path: '/workdays',
  component: later(() => import('@/rooms/workdays/WorkdaysPage')),
})
/** Any other address; the frame stays, so that the menu leads on. */
const nowhere = createRoute({ getParentRoute: () => frame, path: '$', component: NotHere })

const tree = root.addChildren([
  signIn,
  frame.addChildren([
    home,
    account,
    journeys,
    journey,
    stagesNew,
    stagesEdit,
    customers,
    customer,
    segments,
    segment,
    tags,
    lifecycle,
    imports,
    oneImport,
    reviews,
    content,
    contentNew,
    contentEdit,
    channels,
    channel,
    outreach,
    pushdesk,
    replies,
    workdays,
    nowhere,
  ]),
])

export function makeRouter() {
  return createRouter({
    routeTree: tree,
    defaultPendingComponent: Loading,
    defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { Frame } from '@/app/Frame'
import { Failure, Loading, NotHere } from '@/shared/states'

const root = createRootRoute({ component: Outlet, notFoundComponent: NotHere })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('@/rooms/team/SignIn')),
})

const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: Frame })

const home = createRoute({
  getParentRoute: () => frame,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/journeys' })
  },
})

const journeys = createRoute({
  getParentRoute: () => frame,
  path: '/journeys',
  component: lazyRouteComponent(() => import('@/rooms/journeys/JourneysList')),
})
const journey = createRoute({
  getParentRoute: () => frame,
  path: '/journeys/$id',
  component: lazyRouteComponent(() => import('@/rooms/journeys/JourneyPage')),
})

/** What the list of customers is narrowed to; it stands in the address, so that Back brings it again. */
export interface CustomersSearch {
  q?: string
  sort?: 'name' | 'created' | 'activity'
  pushes?: 'out' | 'in'
  account?: number
  region?: string
}

const customers = createRoute({
  getParentRoute: () => frame,
  path: '/customers',
  validateSearch: (given: Record<string, unknown>): CustomersSearch => ({
    q: typeof given.q === 'string' || typeof given.q === 'number' ? String(given.q) : undefined,
    sort: given.sort === 'created' || given.sort === 'activity' ? given.sort : undefined,
    pushes: given.pushes === 'out' || given.pushes === 'in' ? given.pushes : undefined,
    account: typeof given.account === 'number' ? given.account : undefined,
    region: typeof given.region === 'string' ? given.region : undefined,
  }),
  component: lazyRouteComponent(() => import('@/rooms/customers/CustomersList')),
})
const customer = createRoute({
  getParentRoute: () => frame,
  path: '/customers/$id',
  component: lazyRouteComponent(() => import('@/rooms/customers/CustomerPage')),
})
const segments = createRoute({
  getParentRoute: () => frame,
  path: '/segments',
  component: lazyRouteComponent(() => import('@/rooms/segments/SegmentsList')),
})
const segment = createRoute({
  getParentRoute: () => frame,
  path: '/segments/$id',
  component: lazyRouteComponent(() => import('@/rooms/segments/SegmentPage')),
})
const imports = createRoute({
  getParentRoute: () => frame,
  path: '/imports',
  component: lazyRouteComponent(() => import('@/rooms/imports/ImportsList')),
})
const oneImport = createRoute({
  getParentRoute: () => frame,
  path: '/imports/$id',
  component: lazyRouteComponent(() => import('@/rooms/imports/ImportPage')),
})
const reviews = createRoute({
  getParentRoute: () => frame,
  path: '/reviews',
  component: lazyRouteComponent(() => import('@/rooms/reviews/ReviewsPage')),
})
const content = createRoute({
  getParentRoute: () => frame,
  path: '/content',
  component: lazyRouteComponent(() => import('@/rooms/content/ContentPage')),
})

const tree = root.addChildren([
  signIn,
  frame.addChildren([
    home,
    journeys,
    journey,
    customers,
    customer,
    segments,
    segment,
    imports,
    oneImport,
    reviews,
    content,
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

/** Where things are. The place is kept in the address's hash: it never reaches a server and survives a reload. */
import type { RouterHistory } from '@tanstack/react-router';
import { createHashHistory, createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ReviewQueuePage } from '../clinician/queue-page.tsx';
import { ReviewPage } from '../clinician/review-page.tsx';
import { DeskPage } from '../facilitator/desk-page.tsx';
import { ReportPage } from '../facilitator/report-page.tsx';
import { TodayPage } from '../facilitator/today-page.tsx';
import { OpenVisits, VisitPage } from '../facilitator/visit-page.tsx';
import { HelpPage } from '../help/help-page.tsx';
import { StoragePage } from '../operations/storage-page.tsx';
import { SyncPage } from '../operations/sync-page.tsx';
import { Frame } from './frame.tsx';
import { RouteProblem } from './route-problem.tsx';

const root = createRootRoute({ component: Frame, errorComponent: RouteProblem, notFoundComponent: TodayPage });

const visitRoute = createRoute({
  getParentRoute: () => root,
  path: '/visit/$sessionId',
  component: function Visit(): ReactNode {
    return <VisitPage sessionId={visitRoute.useParams().sessionId} />;
  },
});

const reportRoute = createRoute({
  getParentRoute: () => root,
  path: '/visit/$sessionId/report',
  component: function Report(): ReactNode {
    return <ReportPage sessionId={reportRoute.useParams().sessionId} />;
  },
});

const deskRoute = createRoute({
  getParentRoute: () => root,
  path: '/desk/$appointmentId',
  component: function Desk(): ReactNode {
    return <DeskPage appointmentId={deskRoute.useParams().appointmentId} />;
  },
});

const reviewRoute = createRoute({
  getParentRoute: () => root,
  path: '/review/$sessionId',
  component: function Review(): ReactNode {
    return <ReviewPage sessionId={reviewRoute.useParams().sessionId} />;
  },
});

const routeTree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: '/', component: TodayPage }),
  createRoute({ getParentRoute: () => root, path: '/visit', component: OpenVisits }),
  createRoute({ getParentRoute: () => root, path: '/help', component: HelpPage }),
  createRoute({ getParentRoute: () => root, path: '/review', component: ReviewQueuePage }),
  createRoute({ getParentRoute: () => root, path: '/storage', component: StoragePage }),
  createRoute({ getParentRoute: () => root, path: '/sync', component: SyncPage }),
  reviewRoute,
  visitRoute,
  reportRoute,
  deskRoute,
]);

/** One router per page. `history` is for tests and the gallery. */
export function createStaffRouter(history: RouterHistory = createHashHistory()) {
  return createRouter({ routeTree, history, defaultErrorComponent: RouteProblem, defaultPreload: false });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createStaffRouter>;
  }
}

/** Where things are on the cloud's page. The place is kept in the address's hash: it never reaches a server. */
import { createHashHistory, createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ReviewQueuePage } from '../clinician/queue-page.tsx';
import { ReviewPage } from '../clinician/review-page.tsx';
import { RouteProblem } from '../shell/route-problem.tsx';
import { FleetPage } from './fleet-page.tsx';
import { CloudFrame } from './frame.tsx';
import { HomePage } from './home-page.tsx';
import { WorkflowsPage } from './workflows-page.tsx';

const root = createRootRoute({ component: CloudFrame, errorComponent: RouteProblem, notFoundComponent: HomePage });

const reviewRoute = createRoute({
  getParentRoute: () => root,
  path: '/review/$sessionId',
  component: function Review(): ReactNode {
    return <ReviewPage sessionId={reviewRoute.useParams().sessionId} />;
  },
});

const routeTree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: '/', component: HomePage }),
  createRoute({ getParentRoute: () => root, path: '/review', component: ReviewQueuePage }),
  createRoute({ getParentRoute: () => root, path: '/stations', component: FleetPage }),
  createRoute({ getParentRoute: () => root, path: '/workflows', component: WorkflowsPage }),
  reviewRoute,
]);

/** One router per page. */
export function createCloudRouter() {
  return createRouter({
    routeTree,
    history: createHashHistory(),
    defaultErrorComponent: RouteProblem,
    defaultPreload: false,
  });
}

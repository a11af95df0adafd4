/** All routes of the API. */
import { HEALTH_ROUTES, openApiRoute } from './health.ts';
import { REPLICATION_ROUTES } from './replication/routes.ts';
import type { Route } from './route.ts';
import { STATION_ROUTES } from './stations/routes.ts';

const DESCRIBED: readonly Route[] = [...HEALTH_ROUTES, ...STATION_ROUTES, ...REPLICATION_ROUTES];
export const ROUTES: readonly Route[] = [...DESCRIBED, openApiRoute(DESCRIBED)];

/** All routes of the API. */
import { CODEC_ROUTES } from './codec/routes.ts';
import { HEALTH_ROUTES, openApiRoute } from './health.ts';
import { NOTICE_ROUTES } from './internal/notice-routes.ts';
import { INTERNAL_ROUTES } from './internal/routes.ts';
import { SESSION_ROUTES } from './internal/session-routes.ts';
import { SITE_ROUTES } from './internal/site-routes.ts';
import { PEOPLE_ROUTES } from './people/routes.ts';
import { STAFF_ROUTES } from './people/staff.ts';
import { REPLICATION_ROUTES } from './replication/routes.ts';
import type { Route } from './route.ts';
import { STATION_ROUTES } from './stations/routes.ts';
import { TEMPORAL_PAGE_ROUTES } from './temporal/page-routes.ts';
import { TRAIL_ROUTES } from './trail/routes.ts';
import { UPLOAD_ROUTES } from './uploads/routes.ts';
import { ACCESS_ROUTES } from './web/access-routes.ts';
import { WEB_ROUTES } from './web/routes.ts';

const DESCRIBED: readonly Route[] = [
  ...HEALTH_ROUTES,
  ...STATION_ROUTES,
  ...REPLICATION_ROUTES,
  ...TRAIL_ROUTES,
  ...UPLOAD_ROUTES,
  ...PEOPLE_ROUTES,
  ...STAFF_ROUTES,
  ...INTERNAL_ROUTES,
  ...SESSION_ROUTES,
  ...NOTICE_ROUTES,
  ...SITE_ROUTES,
  ...CODEC_ROUTES,
  ...TEMPORAL_PAGE_ROUTES,
  ...ACCESS_ROUTES,
  ...WEB_ROUTES,
];
export const ROUTES: readonly Route[] = [...DESCRIBED, openApiRoute(DESCRIBED)];

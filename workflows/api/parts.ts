/** What handlers work with. Made once per API (`server.ts`). */
import type { Logger } from 'pino';
import type { NamedKey } from '../codec/keys.ts';
import type { Database } from '../database/database.ts';
import type { Access } from './access/authenticate.ts';
import type { NoticesConfig } from './config.ts';
import type { Metrics } from './metrics.ts';
import type { Pokes } from './replication/pokes.ts';
import type { Files } from './uploads/files.ts';
import type { PageUpstream } from './temporal/page-upstream.ts';
import type { TemporalVisits } from './temporal/temporal-visits.ts';
import type { Web } from './web/web.ts';

export interface ApiParts {
  readonly database: Database;
  readonly access: Access;
  readonly pokes: Pokes;
  readonly metrics: Metrics;
  readonly files: Files;
  readonly web: Web;
  /** Master keys of what is sent to workflows, the one that writes first; stations get their tenant's. */
  readonly workflowKeys: readonly NamedKey[];
  /** How patients can be told of news (workers do it). */
  readonly notices: NoticesConfig;
  /** `webUrl`: of Temporal's own page, without a slash at its end; null: not configured. */
  readonly temporal: { readonly visits: TemporalVisits; readonly webUrl: string | null; readonly page: PageUpstream };
  readonly log: Logger;
  readonly now: () => Date;
  /** How often a stream shows that it lives, and looks whether it still may. */
  readonly heartbeatMs: number;
  /** The number of the last migration that this program knows. */
  readonly migration: number;
}

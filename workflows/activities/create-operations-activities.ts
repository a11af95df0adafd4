/** The activities of the installation's own workflows. Of visits they see ids, counts and histories whose payloads stay encrypted. */
import { ApplicationFailure, Context, heartbeat } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { uuidSchema } from '../../electron/contract/index.ts';
import { SEARCH_ATTRIBUTES } from '../../electron/contract/workflows.ts';
import { archiveEnded } from '../archive/archive-ended.ts';
import type { HistoryArchive } from '../archive/history-archive.ts';
import type { SavedQueryName } from '../client/saved-queries.ts';
import { savedQuery } from '../client/saved-queries.ts';
import type { InternalApi } from './internal-api.ts';
import type { OperationsActivities, VisitCounts } from './operations-activities.ts';

export interface OperationsDependencies {
  readonly client: Client;
  readonly api: Pick<InternalApi, 'standing' | 'tell'>;
  /** Null: none is configured. */
  readonly archive: HistoryArchive | null;
}

const TENANT_ID = defineSearchAttributeKey('TenantId', SEARCH_ATTRIBUTES.TenantId);
const SESSION_ID = defineSearchAttributeKey('SessionId', SEARCH_ATTRIBUTES.SessionId);
const NONE: VisitCounts = { stuck: 0, orphaned: 0, overdue: 0, failed: 0 };

export function createOperationsActivities({ client, api, archive }: OperationsDependencies): OperationsActivities {
  return {
    archiveHistories: async () => {
      if (archive === null) {
        throw ApplicationFailure.nonRetryable(
          'no archive is configured: HISTORY_ARCHIVE_FOLDER',
          'ARCHIVE_NOT_CONFIGURED',
        );
      }
      const { cancellationSignal: signal } = Context.current();
      const now = new Date();
      const counts = await archiveEnded({ client, archive, now, signal, onProgress: (done) => heartbeat(done) });
      return { ...counts, expired: await archive.removeExpired(now) };
    },
    reportVisits: async () => {
      const byTenant = new Map<string, VisitCounts>();
      const count = (tenantId: string, field: keyof VisitCounts): void => {
        const before = byTenant.get(tenantId) ?? NONE;
        byTenant.set(tenantId, { ...before, [field]: before[field] + 1 });
      };
      for (const name of ['stuck', 'overdue', 'failed'] as const satisfies readonly (SavedQueryName &
        keyof VisitCounts)[]) {
        for await (const { typedSearchAttributes: attributes } of client.workflow.list({ query: savedQuery(name) })) {
          const [tenantId, sessionId] = [attributes.get(TENANT_ID), attributes.get(SESSION_ID)];
          heartbeat();
          // Whoever may start a workflow writes what it is searched by: what is no id is of no clinic.
          if (!isId(tenantId) || !isId(sessionId)) continue;
          count(tenantId, name);
          if (name === 'stuck' && (await api.standing(tenantId, sessionId)) === null) count(tenantId, 'orphaned');
        }
      }
      const untold: unknown[] = [];
      // One clinic that can't be told keeps nothing from the others; then all is tried again.
      for (const [tenantId, counts] of byTenant) {
        await api.tell(tenantId, 'VisitsReported', { ...counts }).catch((error: unknown) => untold.push(error));
      }
      if (untold.length > 0) throw untold[0];
      const sum = (field: keyof VisitCounts): number =>
        [...byTenant.values()].reduce((total, counts) => total + counts[field], 0);
      return {
        tenants: byTenant.size,
        stuck: sum('stuck'),
        orphaned: sum('orphaned'),
        overdue: sum('overdue'),
        failed: sum('failed'),
      };
    },
  };
}

function isId(text: string | undefined): text is string {
  return uuidSchema.safeParse(text).success;
}

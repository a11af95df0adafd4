/** Visits among Temporal's workflows, by the saved queries, for the pages of operators. Reads search attributes, never a payload. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ListedVisit, WorkflowTab } from '../../../electron/contract/index.ts';
import { SEARCH_STATUSES, WORKFLOW_TABS } from '../../../electron/contract/index.ts';
import { savedQuery } from '../../client/saved-queries.ts';
import type { TemporalConfig } from '../../client/temporal-config.ts';

const ANSWER_MS = 5000;
/** Nobody reads further down; the count says how many there are. */
const SHOWN = 100;
/** Pages that ask for the same at the same time are answered by one look. */
const FRESH_MS = 1000;

export interface VisitScope {
  readonly tenantId: string;
  /** One or more. */
  readonly locations: readonly string[];
}

export interface FoundVisits {
  readonly counts: Readonly<Record<WorkflowTab, number>>;
  readonly visits: readonly FoundVisit[];
  readonly more: boolean;
}

export interface FoundVisit extends Omit<ListedVisit, 'locationName' | 'link'> {
  readonly locationId: string;
}

interface Look {
  readonly atMs: number;
  readonly found: Promise<FoundVisits>;
}

export class TemporalVisits {
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #looks = new Map<string, Look>();
  #config: TemporalConfig | null;
  #client: Promise<Client> | null = null;

  constructor(config: TemporalConfig | null, log: Logger, now: () => Date) {
    this.#config = config;
    this.#log = log;
    this.#now = now;
  }

  /** Null: not configured. */
  get namespace(): string | null {
    return this.#config?.namespace ?? null;
  }

  /** Where Temporal is, for a server that was started after the API. */
  use(config: TemporalConfig): void {
    this.#config = config;
    void this.#letGo();
  }

  /** @returns null when Temporal does not answer, or refuses this cloud @throws Error when none is configured */
  async find(tab: WorkflowTab, scope: VisitScope): Promise<FoundVisits | null> {
    const key = JSON.stringify([tab, scope.tenantId, scope.locations.toSorted()]);
    const nowMs = performance.now();
    for (const [other, { atMs }] of this.#looks) if (nowMs - atMs > FRESH_MS) this.#looks.delete(other);
    const look = this.#looks.get(key) ?? { atMs: nowMs, found: this.#look(tab, scope) };
    this.#looks.set(key, look);
    try {
      return await look.found;
    } catch (error) {
      this.#log.warn({ err: error }, 'Temporal can not be asked');
      // Once for all who asked for the same.
      if (this.#looks.get(key) === look) await this.#letGo();
      return null;
    }
  }

  async close(): Promise<void> {
    await this.#letGo();
  }

  async #look(tab: WorkflowTab, scope: VisitScope): Promise<FoundVisits> {
    const client = await this.#connected();
    const at = this.#now();
    const queryOf = (name: WorkflowTab): string =>
      savedQuery(name, { tenant: scope.tenantId, locations: scope.locations, at });
    return client.withDeadline(Date.now() + ANSWER_MS, async () => {
      const counted: [WorkflowTab, number][] = [];
      // One after the other: nothing is under way any more once the first has failed.
      for (const name of WORKFLOW_TABS) counted.push([name, (await client.workflow.count(queryOf(name))).count]);
      const visits: FoundVisit[] = [];
      for await (const info of client.workflow.list({ query: queryOf(tab), pageSize: SHOWN })) {
        const visit = visitOf(info);
        // The query says it; what a server makes of a query is not what keeps two clinics apart.
        const isTheirs = attribute(info, 'TenantId') === scope.tenantId && scope.locations.includes(visit.locationId);
        if (isTheirs) visits.push(visit);
        if (visits.length >= SHOWN) break;
      }
      const counts = Object.fromEntries(counted) as Record<WorkflowTab, number>;
      return { counts, visits, more: counts[tab] > visits.length };
    });
  }

  async #connected(): Promise<Client> {
    const config = this.#config;
    if (config === null) throw new Error('no Temporal is configured');
    // Brings 50 MB along: loaded when somebody first asks.
    this.#client ??= import('@temporalio/client').then(
      ({ Client: TemporalClient, Connection }) =>
        new TemporalClient({
          // A half-open line wedges a channel for good; one that is made anew must not be the same underneath.
          connection: Connection.lazy({
            ...config.connection,
            channelArgs: { 'grpc.use_local_subchannel_pool': 1 },
            // The next look tries again. What tries by itself does so after the channel was closed, too, and ends the process by it.
            interceptors: [],
          }),
          namespace: config.namespace,
        }),
    );
    return this.#client;
  }

  async #letGo(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#looks.clear();
    if (client === null) return;
    await client
      .then(async ({ connection }) => connection.close())
      .catch((error: unknown) => this.#log.debug({ err: error }, 'the line to Temporal was gone already'));
  }
}

const EXECUTIONS: Readonly<Record<string, ListedVisit['execution']>> = {
  RUNNING: 'running',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
};
const statusSchema = z.enum(SEARCH_STATUSES).nullable().catch(null);
const idSchema = z.string().catch('');
const progressSchema = z.number().int().min(0).max(100).nullable().catch(null);

function visitOf(info: WorkflowExecutionInfo): FoundVisit {
  return {
    workflowId: info.workflowId,
    runId: info.runId,
    locationId: idSchema.parse(attribute(info, 'LocationId')),
    execution: EXECUTIONS[info.status.name] ?? 'other',
    status: statusSchema.parse(attribute(info, 'SessionStatus') ?? null),
    progress: progressSchema.parse(attribute(info, 'Progress') ?? null),
    startedAt: info.startTime.toISOString(),
    closedAt: info.closeTime?.toISOString() ?? null,
  };
}

function attribute(info: WorkflowExecutionInfo, name: string): unknown {
  return info.typedSearchAttributes.getAll().find(({ key }) => key.name === name)?.value;
}

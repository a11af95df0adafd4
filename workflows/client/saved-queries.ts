/**
 * What is asked of Temporal's visibility again and again, as data: for the command line, the API and whoever puts them into Temporal's
 * own page. Values are allow-listed by their shape and quoted, so that no id can become a part of a query.
 */
import { z } from 'zod';
import { VantageError } from '../../electron/contract/index.ts';
import type { SearchStatus } from '../../electron/contract/index.ts';
import { SEARCH_STATUSES, WORKFLOW_TYPES } from '../../electron/contract/workflows.ts';

/** Narrow any query; which of them a query can't do without is `needs`. */
export interface SavedQueryValues {
  /** UUID. */
  readonly tenant?: string;
  /** UUIDs: any of these locations. None at all is refused, for it would find everything or nothing. */
  readonly locations?: readonly string[];
  /** Now, for what is asked relative to it. */
  readonly at?: Date;
}

interface SavedQuery {
  /** For people. */
  readonly summary: string;
  readonly needs: readonly ('tenant' | 'locations')[];
  readonly query: (at: Date) => string;
}

const HOUR_MS = 3_600_000;
const STUCK_MS = 30 * 60_000;
const DAY_MS = 24 * HOUR_MS;
/** Less than synced: the clinic's own part of a visit. */
const STUCK_BELOW = 50;

const VISITS = `WorkflowType = ${quoted(WORKFLOW_TYPES.session)}`;
const RUNNING = `${VISITS} AND ExecutionStatus = 'Running'`;

export const SAVED_QUERIES = {
  failed: {
    summary: 'Visits that failed, ran out of time or were terminated within the last 24 hours',
    needs: [],
    query: (at) =>
      `${VISITS} AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated') AND CloseTime > ${instant(at, DAY_MS)}`,
  },
  'pending-review': {
    summary: 'Visits of a location whose report waits for a decision, overdue and sent-back ones among them',
    needs: ['locations'],
    query: () => `${RUNNING} AND ${statusIn('REVIEW', 'REQUIRES_REVIEW')}`,
  },
  stuck: {
    summary: 'Visits in progress that have not come to half in 30 minutes',
    needs: [],
    query: (at) =>
      `${RUNNING} AND ${statusIn('IN_PROGRESS')} AND Progress < ${STUCK_BELOW} AND StartTime < ${instant(at, STUCK_MS)}`,
  },
  'tenant-review': {
    summary: 'Visits of a tenant whose report waits for its first decision',
    needs: ['tenant'],
    query: () => `${RUNNING} AND ${statusIn('REVIEW')}`,
  },
  overdue: {
    summary: 'Visits that nobody decided about in time, or that were sent back',
    needs: [],
    query: () => `${RUNNING} AND ${statusIn('REQUIRES_REVIEW')}`,
  },
  active: {
    summary: 'Visits of a location that are under way',
    needs: ['locations'],
    query: () => RUNNING,
  },
} as const satisfies Readonly<Record<string, SavedQuery>>;
export type SavedQueryName = keyof typeof SAVED_QUERIES;

/**
 * A query of the list filter language (Temporal's `list --query`).
 *
 * @throws VantageError INPUT_INVALID, with the field, for a name that is none, a value that is no UUID, or one that is missing
 */
export function savedQuery(name: string, values: SavedQueryValues = {}): string {
  if (!isSavedQuery(name)) throw new VantageError('INPUT_INVALID', 'no such query', { field: 'name' });
  const { needs, query }: SavedQuery = SAVED_QUERIES[name];
  for (const field of needs) {
    if (values[field] === undefined) throw new VantageError('INPUT_INVALID', `${field} is missing`, { field });
  }
  const { tenant, locations, at = new Date() } = values;
  return [
    query(at),
    ...(tenant === undefined ? [] : [`TenantId = ${id(tenant, 'tenant')}`]),
    ...(locations === undefined ? [] : [`LocationId IN (${idsOf(locations)})`]),
  ].join(' AND ');
}

export function isSavedQuery(name: string): name is SavedQueryName {
  return Object.hasOwn(SAVED_QUERIES, name);
}

function statusIn(...statuses: readonly SearchStatus[]): string {
  const known = z.array(z.enum(SEARCH_STATUSES)).parse(statuses);
  return `SessionStatus IN (${known.map(quoted).join(', ')})`;
}

function instant(at: Date, earlierMs: number): string {
  return quoted(new Date(at.getTime() - earlierMs).toISOString());
}

function idsOf(locations: readonly string[]): string {
  if (locations.length === 0) throw new VantageError('INPUT_INVALID', 'no location', { field: 'locations' });
  return locations.map((location) => id(location, 'locations')).join(', ');
}

function id(value: string, field: string): string {
  const read = z.uuid().safeParse(value);
  if (!read.success) throw new VantageError('INPUT_INVALID', `${field} is no UUID`, { field });
  return quoted(read.data);
}

/** Only ever of values whose shape was checked: nothing here has a quote in it. */
function quoted(value: string): string {
  if (!/^[\w.:-]+$/.test(value)) throw new VantageError('INPUT_INVALID', 'a value of a query');
  return `'${value}'`;
}

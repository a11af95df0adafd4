/** What people are told of the outbox. It names no patient: of a visit only when and where. */
import type { DiscardedRequest, OutboxRow, OutboxView, Problem, ProblemCode } from '../../contract/index.ts';
import { OUTBOX_SHOWN } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import type { Outbox } from './outbox.ts';
import { discardedEntries, entriesForPeople, lastDelivered, outboxCounts, waitingEntries } from './outbox-rows.ts';
import type { DiscardedEntry, OutboxEntry } from './outbox-rows.ts';

interface ViewParts {
  readonly store: Store;
  readonly outbox: Pick<Outbox, 'gates' | 'delivering' | 'isConfigured'>;
  /** `host:port` of the workflows; null: none are configured. */
  readonly address: string | null;
}

/** @param at ISO 8601 */
export async function outboxView({ store, outbox, address }: ViewParts, at: string): Promise<OutboxView> {
  const { sqlite } = store;
  const { oldestAt, ...counts } = outboxCounts(sqlite);
  const entries = [
    ...entriesForPeople(sqlite, OUTBOX_SHOWN.care),
    ...waitingEntries(sqlite, OUTBOX_SHOWN.waiting),
    ...lastDelivered(sqlite, OUTBOX_SHOWN.delivered),
  ];
  const discarded = discardedEntries(sqlite, OUTBOX_SHOWN.discarded);
  const visits = new Map<string, OutboxRow['visit']>();
  for (const { subjectId } of [...entries, ...discarded.last.map(({ entry }) => entry)]) {
    if (!visits.has(subjectId)) visits.set(subjectId, await visitOf(store, subjectId));
  }
  const { delivering, isConfigured, gates } = outbox;
  const { line } = gates;
  return {
    at,
    line: {
      state: isConfigured ? line.state : 'not-configured',
      since: isConfigured ? new Date(line.since).toISOString() : null,
      host: address?.replace(/:\d+$/, '') ?? null,
      problem: isConfigured ? line.problem : null,
      nextAt: !isConfigured || line.nextAt === null ? null : new Date(line.nextAt).toISOString(),
    },
    counts,
    oldestAt,
    rows: entries.map((entry) => ({
      id: entry.id,
      kind: entry.kind,
      subjectId: entry.subjectId,
      ordinal: entry.ordinal,
      state: stateOf(entry, delivering.has(entry.id), isConfigured && line.state === 'refused'),
      createdAt: entry.createdAt,
      attempts: entry.attempts,
      deliveredAt: entry.state === 'delivered' ? entry.settledAt : null,
      problem: entry.problem,
      visit: visits.get(entry.subjectId) ?? null,
    })),
    discarded: {
      count: discarded.count,
      rows: await Promise.all(
        discarded.last.map(async (each) => discardedRequest(store, each, visits.get(each.entry.subjectId) ?? null)),
      ),
    },
  };
}

/** What the station line says: that nothing goes, and that somebody has to decide. Being offline is none of it. */
export function outboxProblems({ store, outbox }: Omit<ViewParts, 'address'>): Problem[] {
  const [care] = entriesForPeople(store.sqlite, 1);
  const { line, isUnattended } = outbox.gates;
  const [unattended] = isUnattended ? waitingEntries(store.sqlite, 20).filter(isHeld) : [];
  const isStopped = line.state === 'refused' || line.state === 'waiting-for-keys';
  return [isStopped ? line.problem : null, care?.problem ?? null, unattended?.problem ?? null].filter(
    (each) => each !== null,
  );
}

async function discardedRequest(
  store: Store,
  { entry, at, actorId }: DiscardedEntry,
  visit: OutboxRow['visit'],
): Promise<DiscardedRequest> {
  const person = actorId === null ? null : await store.get('staff', actorId);
  return {
    id: entry.id,
    kind: entry.kind,
    subjectId: entry.subjectId,
    ordinal: entry.ordinal,
    createdAt: entry.createdAt,
    problem: entry.problem,
    visit,
    discardedAt: at,
    discardedBy: person?.name ?? null,
  };
}

const HELD: ReadonlySet<ProblemCode> = new Set(['WORKFLOWS_UNATTENDED']);

function isHeld({ problem }: OutboxEntry): boolean {
  return problem !== null && HELD.has(problem.code);
}

function stateOf(entry: OutboxEntry, isDelivering: boolean, isRefused: boolean): OutboxRow['state'] {
  if (entry.state === 'discarded') throw new Error('what was given up is listed by itself');
  if (entry.state !== 'waiting') return entry.state;
  if (isDelivering) return 'delivering';
  return isRefused || isHeld(entry) ? 'held' : 'waiting';
}

async function visitOf(store: Store, sessionId: string): Promise<OutboxRow['visit']> {
  const session = await store.get('sessions', sessionId);
  if (session === null) return null;
  const appointment = await store.get('appointments', session.appointmentId);
  return {
    startsAt: appointment?.startsAt ?? session.startedAt ?? session.createdAt,
    room: appointment?.room ?? '',
  };
}

/** A station without a cloud, as screens see it: nothing is sent, nothing waits, and what is here is counted here. */
import type { ArtefactQuery, ArtefactRef, Capture, Session } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import type { CloudReceipts, SyncPage, SyncReader } from './sync-reader.ts';

/** States of a capture in which there is, or was, a file of it. */
const WITH_FILE: readonly string[] = ['taking', 'uncertain', 'on-disk', 'judged', 'purged'];
const NO_CLOUD: CloudReceipts = {
  inCloud: { state: 'no-cloud', at: null, sentBytes: null, position: null },
  verified: { state: 'no-cloud', at: null },
};

/** @param lostItems how many captures and reports have lost what they show. */
export function noCloud(store: Store, lostItems: () => number): SyncReader {
  return {
    state: async () => ({
      line: {
        state: 'not-configured',
        since: null,
        offlineBeforeSeconds: null,
        lastContactAt: null,
        roundTripMs: null,
        host: null,
        problem: null,
      },
      clock: { state: 'unknown', offsetMs: null, measuredAt: null },
      steps: {
        onDisk: (await filesIn(store, ['on-disk', 'judged'])) - lostItems(),
        inCloud: 0,
        verified: 0,
        left: { artefacts: 0, bytes: 0, seconds: null },
        comparing: 0,
        differing: 0,
      },
      unpushed: { documents: 0, auditEntries: 0, files: 0, oldestAt: null },
      collections: [],
      quarantined: [],
      bandwidth: { limitBytesPerSecond: null, measuredBytesPerSecond: null },
      needs: [],
    }),
    changes: () => () => undefined,
    page: (query) => pageOf(store, query),
    tryNow: () => undefined,
    resend: () => Promise.reject(new VantageError('NOT_FOUND', 'this station has no cloud')),
    setBandwidth: () => Promise.reject(new VantageError('NOT_FOUND', 'this station has no cloud')),
  };
}

async function filesIn(store: Store, states: readonly string[]): Promise<number> {
  const captures = await store.count('captures', { selector: { state: { $in: states } } });
  return captures + (await store.count('reports', {}));
}

/** Pictures and reports by whole visits, newest day first, until there are enough. */
async function pageOf(store: Store, { filter, cursor, limit }: ArtefactQuery): Promise<SyncPage> {
  if (filter !== 'all') return { items: [], next: null, total: 0 };
  const [, afterDay = null, afterId = ''] = /^(\d{4}-\d{2}-\d{2}) (\S+)$/.exec(cursor ?? '') ?? [];
  const artefacts: ArtefactRef[] = [];
  let next: string | null = null;
  let day = afterDay ?? (await dayBefore(store, null));
  while (day !== null && next === null) {
    const sessions = await sessionsOf(store, day);
    const earlier = await dayBefore(store, day);
    const from = day === afterDay ? sessions.findIndex(({ id }) => id === afterId) + 1 : 0;
    for (const session of sessions.slice(from)) {
      artefacts.push(...(await artefactsOf(store, session.id)));
      if (artefacts.length < limit) continue;
      next = session === sessions.at(-1) && earlier === null ? null : `${day} ${session.id}`;
      break;
    }
    if (artefacts.length >= limit) break;
    day = earlier;
  }
  return {
    items: artefacts.map((artefact) => ({ artefact, ...NO_CLOUD })),
    next,
    total: await filesIn(store, WITH_FILE),
  };
}

/** The last day before this one on which there was a visit. */
async function dayBefore(store: Store, day: string | null): Promise<string | null> {
  const selector = { day: day === null ? { $gt: '' } : { $lt: day } };
  const [session] = await store.find('sessions', { selector, sort: [{ day: 'desc' }], limit: 1 });
  return session?.day ?? null;
}

async function sessionsOf(store: Store, day: string): Promise<readonly Session[]> {
  const sessions = await store.find('sessions', { selector: { day } });
  return sessions.toSorted((a, b) => begunAt(b).localeCompare(begunAt(a)) || a.id.localeCompare(b.id));
}

function begunAt({ startedAt, checkedInAt, createdAt }: Session): string {
  return startedAt ?? checkedInAt ?? createdAt;
}

async function artefactsOf(store: Store, sessionId: string): Promise<readonly ArtefactRef[]> {
  const reports = await store.find('reports', { selector: { sessionId }, sort: [{ version: 'desc' }] });
  const captures = await store.find('captures', { selector: { sessionId } });
  return [
    ...reports.map(({ id }): ArtefactRef => ({ kind: 'report', id, part: 'pdf' })),
    ...captures
      .filter(hasFile)
      .toSorted((a, b) => b.requestedAt.localeCompare(a.requestedAt))
      .map(({ id }): ArtefactRef => ({ kind: 'capture', id, part: 'image' })),
  ];
}

function hasFile({ state, triggered }: Capture): boolean {
  return state === 'taking' || state === 'uncertain' ? triggered : WITH_FILE.includes(state);
}

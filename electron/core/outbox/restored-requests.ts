/**
 * Requests that were put back with a backup. They may have been delivered after it was made, and the workflow have ended so long ago that
 * the cloud has forgotten it: sent again, it would run a second time. What the visit's document proves to have arrived counts as
 * delivered; about the rest a person decides.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { restoredSchema } from '../../contract/maintenance.ts';
import type { Session } from '../../contract/index.ts';
import { RESTORED_KEY } from '../backup/restore.ts';
import type { Store } from '../store/index.ts';
import { readStationValue } from '../store/station-values.ts';
import type { OutboxEntry } from './outbox-rows.ts';
import { CONFIRMED, doubtfulEntries, settle, settleDoubtful } from './outbox-rows.ts';

/** What has ended is remembered by Temporal for a day at the least; within it, sending twice is once. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;

/** @param now ms since 1970 */
export function isDoubtful(sqlite: Database, { createdAt, answer }: OutboxEntry, now: number): boolean {
  if (answer === CONFIRMED || now - Date.parse(createdAt) < REMEMBERED_MS) return false;
  const restored = readStationValue(sqlite, RESTORED_KEY);
  return restored !== null && createdAt <= restoredSchema.parse(JSON.parse(restored)).backupMadeAt;
}

/** Does what is to be done instead of sending it. @param at ISO 8601 */
export async function setAside(store: Store, entry: OutboxEntry, at: string): Promise<void> {
  await store.transaction((tx) => {
    const answer = answerProvenBy(tx.get('sessions', entry.subjectId), entry.kind);
    if (answer !== null) settle(tx.sqlite, entry.id, { state: 'delivered', answer, at });
    else settle(tx.sqlite, entry.id, { state: 'dead', problem: { code: 'REQUEST_OLD', detail: '', at } });
  });
}

/** The visit's document came anew. @param sessionId null: of all visits. @returns whether something was noted */
export async function settleProven(store: Store, sessionId: string | null, at: string): Promise<boolean> {
  if (doubtfulEntries(store.sqlite, sessionId).length === 0) return false;
  return store.transaction((tx) => {
    let isNew = false;
    for (const { id, subjectId, kind } of doubtfulEntries(tx.sqlite, sessionId)) {
      const answer = answerProvenBy(tx.get('sessions', subjectId), kind);
      if (answer === null) continue;
      isNew = true;
      settleDoubtful(tx.sqlite, id, answer, at);
    }
    return isNew;
  });
}

/** An analysis begins once the workflow was started and knows that the captures are complete. Null: the document proves nothing. */
function answerProvenBy(session: Session | null, kind: OutboxEntry['kind']): string | null {
  const { fusionStartedAt, fusionDoneAt, publishedAt } = session?.cloud ?? {};
  const isAnalysed = [fusionStartedAt, fusionDoneAt, publishedAt].some((each) => typeof each === 'string');
  if (!isAnalysed) return null;
  if (kind === 'session-start') return 'started';
  return kind === 'session-captured' ? 'accepted' : null;
}

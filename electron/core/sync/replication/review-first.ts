/** What a clinician waits for goes before everything else: visits in review, and what belongs to them. */
import type { CollectionName } from '../../../contract/index.ts';
import type { CollectionReplication } from './collection-replication.ts';

/** Of a visit in review, in this order. */
const BELONGING = ['reports', 'findings', 'captures', 'consents'] as const satisfies readonly CollectionName[];
const STATUSES = ['REVIEW', 'REQUIRES_REVIEW'];
/** Visits in one go. */
const AT_MOST = 20;

/** Pushes visits in review that the cloud does not have as they are, with everything that belongs to them. */
export async function pushReviewFirst(
  collections: ReadonlyMap<CollectionName, CollectionReplication>,
  signal: AbortSignal,
): Promise<void> {
  const sessions = collections.get('sessions');
  if (sessions === undefined) return;
  const inReview = unpushedStates(sessions).filter((state) => STATUSES.includes(String(state['status'])));
  for (let from = 0; from < inReview.length; from += AT_MOST) {
    const visits = inReview.slice(from, from + AT_MOST);
    const sessionIds = new Set(visits.map(({ id }) => id));
    // All at once: between one and the next others would go.
    const pushes = [sessions.pushFirst([...sessionIds], signal)];
    for (const name of BELONGING) {
      const collection = collections.get(name);
      if (collection === undefined) continue;
      const theirs = unpushedStates(collection).filter((state) => sessionIds.has(String(state['sessionId'])));
      const ids = theirs.map(({ id }) => id);
      pushes.push(collection.pushFirst(ids, signal));
    }
    const patients = collections.get('patients');
    if (patients !== undefined) {
      const ids = visits.map((state) => String(state['patientId']));
      pushes.push(patients.pushFirst(ids, signal));
    }
    const outcomes = await Promise.allSettled(pushes);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason as Error;
  }
}

function unpushedStates({
  tables,
}: CollectionReplication): readonly (Readonly<Record<string, unknown>> & { readonly id: string })[] {
  return tables.fork.readNow(tables.ledger.unpushedIds(), false);
}

/** Takes a station's audit trail, segment by segment, and checks that each entry follows from the one before. */
import { createHash } from 'node:crypto';
import type { AuditEntry, AuditSegmentResponse } from '../../../electron/contract/index.ts';
import { auditHashText, canonical, newId } from '../../../electron/contract/index.ts';
import type { Tables } from '../../database/tables.ts';
import type { Scoped } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';

/** What a trail's first entry carries as the hash of the one before. */
const FIRST_PREVIOUS_HASH = '0'.repeat(64);

type BreakReason = Tables['audit_breaks']['reason'];

/**
 * Stores what follows; an entry that does not, and those after it, are kept apart as evidence. What was sent before is compared.
 *
 * @param entries consecutive, oldest first; where their own numbers are not, the trail is broken there
 */
export async function appendSegment(
  tx: Scoped,
  caller: StationCaller,
  entries: readonly AuditEntry[],
): Promise<AuditSegmentResponse> {
  // One segment of a station at a time.
  await tx.selectFrom('stations').select('id').where('id', '=', caller.stationId).forUpdate().execute();
  const last = await lastEntry(tx, caller.stationId);
  const first = entries[0]?.sequence ?? 0;
  if (first > last.sequence + 1) return { verdict: 'gap', count: last.sequence, expected: last.sequence + 1 };
  const known = await hashesFrom(tx, caller.stationId, first);

  const fresh: AuditEntry[] = [];
  let previousHash = first === last.sequence + 1 ? last.hash : (known.get(first - 1) ?? FIRST_PREVIOUS_HASH);
  let broken: { readonly index: number; readonly reason: BreakReason } | null = null;
  for (const [index, entry] of entries.entries()) {
    const reason = flawOfEntry(entry, first + index, previousHash, known.get(entry.sequence));
    if (reason !== null) {
      broken = { index, reason };
      break;
    }
    if (!known.has(entry.sequence)) fresh.push(entry);
    previousHash = entry.hash;
  }
  await store(tx, caller, fresh);
  const count = last.sequence + fresh.length;
  if (broken === null) return { verdict: 'whole', count, expected: count + 1 };
  await keepEvidence(tx, caller, broken.reason, entries.slice(broken.index));
  return { verdict: 'broken', count, expected: count + 1 };
}

function flawOfEntry(
  entry: AuditEntry,
  sequence: number,
  previousHash: string,
  knownHash: string | undefined,
): BreakReason | null {
  if (entry.sequence !== sequence || entry.previousHash !== previousHash) return 'NOT_LINKED';
  if (createHash('sha256').update(auditHashText(entry)).digest('hex') !== entry.hash) return 'CHANGED';
  return knownHash === undefined || knownHash === entry.hash ? null : 'REWRITTEN';
}

async function lastEntry(tx: Scoped, stationId: string): Promise<{ readonly sequence: number; readonly hash: string }> {
  const row = await tx
    .selectFrom('audit_entries')
    .select(['sequence', 'hash'])
    .where('station_id', '=', stationId)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? { sequence: 0, hash: FIRST_PREVIOUS_HASH };
}

/** Hashes by sequence, from the entry before the segment on. */
async function hashesFrom(tx: Scoped, stationId: string, first: number): Promise<ReadonlyMap<number, string>> {
  const rows = await tx
    .selectFrom('audit_entries')
    .select(['sequence', 'hash'])
    .where('station_id', '=', stationId)
    .where('sequence', '>=', first - 1)
    .execute();
  return new Map(rows.map(({ sequence, hash }) => [sequence, hash]));
}

async function store(tx: Scoped, caller: StationCaller, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx
    .insertInto('audit_entries')
    .values(
      entries.map((entry) => ({
        tenant_id: caller.tenantId,
        location_id: caller.locationId,
        station_id: caller.stationId,
        sequence: entry.sequence,
        at: entry.at,
        actor_id: searchable(entry.actorId),
        subject_id: searchable(entry.subjectId),
        entry: JSON.stringify(entry),
        previous_hash: entry.previousHash,
        hash: entry.hash,
      })),
    )
    .execute();
}

/** The entry itself is kept as it came; what is searched by has to be text that PostgreSQL can hold. */
function searchable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '');
}

async function keepEvidence(
  tx: Scoped,
  caller: StationCaller,
  reason: BreakReason,
  entries: readonly AuditEntry[],
): Promise<void> {
  await tx
    .insertInto('audit_breaks')
    .values({
      id: newId(),
      tenant_id: caller.tenantId,
      location_id: caller.locationId,
      station_id: caller.stationId,
      sequence: entries[0]?.sequence ?? 0,
      reason,
      entries: JSON.stringify(entries),
      entries_sha256: createHash('sha256').update(canonical(entries)).digest('hex'),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Takes a station's audit trail, segment by segment, and checks that each entry follows from the one before. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { AuditEntry, AuditSegmentResponse } from '../../../electron/contract/index.ts';
import { PUT_BACK_ACTIONS, auditHashText, canonical, newId } from '../../../electron/contract/index.ts';
import type { Tables } from '../../database/tables.ts';
import type { Scoped } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';

/** What a trail's first entry carries as the hash of the one before. */
const FIRST_PREVIOUS_HASH = '0'.repeat(64);

type BreakReason = Tables['audit_breaks']['reason'];

const PUT_BACK: ReadonlySet<string> = new Set(PUT_BACK_ACTIONS);

export interface Appended extends AuditSegmentResponse {
  /** The entry from which on the trail left what it was before; null: it goes on as it was. */
  readonly branchedAt: number | null;
}

/**
 * Stores what follows; an entry that does not, and those after it, are kept apart as evidence. What was sent before is compared.
 *
 * Where another entry than was sent before follows from the one before it, and says that an older copy was put back, the trail goes on
 * from there as a branch. What it leaves behind stays, and can be looked into.
 *
 * @param entries consecutive, oldest first; where their own numbers are not, the trail is broken there
 */
export async function appendSegment(
  tx: Scoped,
  caller: StationCaller,
  entries: readonly AuditEntry[],
): Promise<Appended> {
  // One segment of a station at a time.
  await tx.selectFrom('stations').select('id').where('id', '=', caller.stationId).forUpdate().execute();
  const last = await lastEntry(tx, caller.stationId);
  const first = entries[0]?.sequence ?? 0;
  if (first > last.sequence + 1) {
    return { verdict: 'gap', count: last.sequence, expected: last.sequence + 1, branchedAt: null };
  }
  const known = await hashesFrom(tx, caller.stationId, first);

  const fresh: AuditEntry[] = [];
  let previousHash = first === last.sequence + 1 ? last.hash : (known.get(first - 1) ?? FIRST_PREVIOUS_HASH);
  let broken: { readonly index: number; readonly reason: BreakReason } | null = null;
  let branchedAt: number | null = null;
  for (const [index, entry] of entries.entries()) {
    const knownHash = branchedAt === null ? known.get(entry.sequence) : undefined;
    const reason = flawOfEntry(entry, first + index, previousHash, knownHash);
    if (reason === 'REWRITTEN' && PUT_BACK.has(entry.action)) branchedAt = entry.sequence;
    else if (reason !== null) {
      broken = { index, reason };
      break;
    }
    if (branchedAt !== null || knownHash === undefined) fresh.push(entry);
    previousHash = entry.hash;
  }
  let { branch } = last;
  if (branchedAt !== null) {
    branch += 1;
    await openBranch(tx, caller, { branch, from: branchedAt, leftAt: last.sequence });
  }
  await store(tx, caller, branch, fresh);
  const count = fresh.at(-1)?.sequence ?? last.sequence;
  if (broken === null) return { verdict: 'whole', count, expected: count + 1, branchedAt };
  await keepEvidence(tx, caller, broken.reason, entries.slice(broken.index));
  return { verdict: 'broken', count, expected: count + 1, branchedAt };
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

interface LastEntry {
  readonly sequence: number;
  readonly hash: string;
  readonly branch: number;
}

/** Of the branch that counts. */
async function lastEntry(tx: Scoped, stationId: string): Promise<LastEntry> {
  const row = await tx
    .selectFrom('audit_entries')
    .select(['sequence', 'hash', 'branch'])
    .where('station_id', '=', stationId)
    .orderBy('branch', 'desc')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? { sequence: 0, hash: FIRST_PREVIOUS_HASH, branch: 0 };
}

/** Hashes by sequence, from the entry before the segment on, of the trail as it counts now. */
async function hashesFrom(tx: Scoped, stationId: string, first: number): Promise<ReadonlyMap<number, string>> {
  const rows = await tx
    .selectFrom('audit_entries')
    .select(['sequence', 'hash'])
    .where('station_id', '=', stationId)
    .where('sequence', '>=', first - 1)
    .where('branch', '=', branchAt(stationId))
    .execute();
  return new Map(rows.map(({ sequence, hash }) => [sequence, hash]));
}

/** The branch that counts for an entry's place: the last of those that began there or before. */
function branchAt(stationId: string): RawBuilder<number> {
  return sql<number>`coalesce((SELECT max(b.branch) FROM audit_branches AS b
    WHERE b.station_id = ${stationId} AND b.from_sequence <= audit_entries.sequence), 0)`;
}

async function openBranch(
  tx: Scoped,
  caller: StationCaller,
  { branch, from, leftAt }: { readonly branch: number; readonly from: number; readonly leftAt: number },
): Promise<void> {
  await tx
    .insertInto('audit_branches')
    .values({
      tenant_id: caller.tenantId,
      location_id: caller.locationId,
      station_id: caller.stationId,
      branch,
      from_sequence: from,
      left_at_sequence: leftAt,
    })
    .execute();
}

async function store(tx: Scoped, caller: StationCaller, branch: number, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx
    .insertInto('audit_entries')
    .values(
      entries.map((entry) => ({
        tenant_id: caller.tenantId,
        location_id: caller.locationId,
        station_id: caller.stationId,
        branch,
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

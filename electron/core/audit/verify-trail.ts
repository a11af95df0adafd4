/**
 * Verifies the whole trail: each entry's own hash, the chain, its checkpoints and their signatures, and what is missing. Goes
 * through it in pages and lets others work in between, so that a long trail can be verified while the clinic is open.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { AuditFinding, AuditReport } from '../../contract/index.ts';
import { auditRows, countedBySqlite, FIRST_PREVIOUS_HASH, isUnchanged } from './chain.ts';
import type { AuditRow } from './chain.ts';
import type { Checkpoint } from './checkpoints.ts';
import { checkpointHashOf, isGenuine, readCheckpoints } from './checkpoints.ts';
import { keyIdOf } from './signer.ts';

const PAGE = 500;
/** More than this many are counted and no longer listed: a trail that was rewritten would fill the screen. */
const LISTED = 100;

export interface VerifyTrailOptions {
  /** Of the station that wrote the trail: DER, base64. */
  readonly publicKey: string;
  readonly now: () => Date;
  /** Rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Entries seen, of how many. */
  readonly progress?: (done: number, total: number) => void;
}

/**
 * Entries that come while it runs are not looked at. A finding is something that the program itself can't have done; a time that
 * goes back is listed apart, since a clock may be set.
 */
export async function verifyTrail(sqlite: Database, options: VerifyTrailOptions): Promise<AuditReport> {
  const { publicKey, now, signal, progress } = options;
  const total = countedBySqlite(sqlite, 'audit');
  const checkpoints = readCheckpoints(sqlite).filter((checkpoint) => checkpoint.sequence <= total);
  const found = new Findings();
  const seals = verifiedCheckpoints(checkpoints, publicKey, countedBySqlite(sqlite, 'audit_checkpoints'), found);
  const timesBack: AuditReport['timesBack'] = [];
  let entries = 0;
  let expected = 1;
  let last = null as AuditRow | null;
  let sealedThrough = 0;
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    signal?.throwIfAborted();
    const rows: AuditRow[] = auditRows(sqlite, after, PAGE).filter((row) => row.sequence <= total);
    if (rows.length === 0) break;
    for (const row of rows) {
      entries += 1;
      if (row.sequence < 1) {
        // SQLite numbers from 1 and never goes back.
        found.add({ kind: 'put-in', sequence: row.sequence });
      } else if (row.sequence > expected) {
        found.add({ kind: 'missing', sequence: expected, through: row.sequence - 1 });
      } else if (row.previous_hash !== (last?.hash ?? FIRST_PREVIOUS_HASH)) {
        found.add({ kind: 'does-not-follow', sequence: row.sequence });
      }
      if (!isUnchanged(row)) found.add({ kind: 'changed', sequence: row.sequence });
      if (last !== null && row.at < last.at && timesBack.length < LISTED) {
        timesBack.push({ sequence: row.sequence, at: row.at, before: last.at });
      }
      for (const checkpoint of seals.get(row.sequence) ?? []) {
        if (checkpoint.headHash === row.hash) sealedThrough = row.sequence;
        else found.add({ kind: 'not-as-signed', sequence: row.sequence, checkpoint: checkpoint.number });
      }
      seals.delete(row.sequence);
      expected = row.sequence + 1;
      last = row;
    }
    after = rows.at(-1)?.sequence ?? total;
    progress?.(entries, total);
    await turn();
  }
  if (expected <= total) found.add({ kind: 'missing', sequence: expected, through: total });
  // What was signed and is no longer there at all.
  for (const [sequence, [checkpoint]] of seals) {
    found.add({ kind: 'not-as-signed', sequence, ...(checkpoint && { checkpoint: checkpoint.number }) });
  }
  return {
    ok: found.count === 0,
    entries,
    firstBad: found.first,
    findings: found.listed,
    moreFindings: found.count - found.listed.length,
    timesBack,
    checkpoints: checkpoints.length,
    sealedThrough,
    keyId: keyIdOf(publicKey),
    verifiedAt: now().toISOString(),
  };
}

class Findings {
  readonly listed: AuditFinding[] = [];
  count = 0;
  first: number | null = null;

  add(finding: AuditFinding): void {
    this.count += 1;
    if (this.first === null || finding.sequence < this.first) this.first = finding.sequence;
    if (this.listed.length < LISTED) this.listed.push(finding);
  }
}

/** Those that the station signed, by the entry that they cover; whatever is wrong with the others is found here. */
function verifiedCheckpoints(
  checkpoints: readonly Checkpoint[],
  publicKey: string,
  counted: number,
  found: Findings,
): Map<number, Checkpoint[]> {
  const bySequence = new Map<number, Checkpoint[]>();
  let previousHash = FIRST_PREVIOUS_HASH;
  let expected = 1;
  for (const checkpoint of checkpoints) {
    const { number, sequence } = checkpoint;
    if (number !== expected || checkpoint.previousHash !== previousHash) {
      found.add({ kind: 'checkpoint-missing', sequence, checkpoint: expected });
    }
    if (isGenuine(checkpoint, publicKey)) {
      bySequence.set(sequence, [...(bySequence.get(sequence) ?? []), checkpoint]);
    } else {
      found.add({ kind: 'not-signed-by-station', sequence, checkpoint: number });
    }
    previousHash = checkpointHashOf(checkpoint);
    expected = number + 1;
  }
  if (expected <= counted) {
    found.add({ kind: 'checkpoint-missing', sequence: checkpoints.at(-1)?.sequence ?? 1, checkpoint: expected });
  }
  return bySequence;
}

/** Whether the file that lies here is the one that the anchor speaks of, and has come as far. Read at opening, before anything is written. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import type { Problem } from '../../contract/index.ts';
import { signerOf } from '../audit/signer.ts';
import { GENERATION_KEY, comparedWith, missingFrom, readAnchor } from './anchor.ts';
import type { Anchor, AnchorFinding, LogLoss, MissingChanges } from './anchor.ts';
import { NO_LOG } from './log-frames.ts';
import type { LogState } from './log-frames.ts';
import { readStationValue } from './station-values.ts';

export const STORE_ID_KEY = 'store-id';
export const IDENTITY_KEY = 'identity';

export interface AnchorVerdict {
  /** The last good one; null where there is none, or a damaged one. */
  readonly anchor: Anchor | null;
  /** What was found just now; null where the file has come at least as far as the anchor, or never had one. */
  readonly found: AnchorFinding | null;
}

/** Folder under `aside/` for the file and a damaged log: one for each log, however often it is opened. */
export function asideOfLog({ salts }: LogState): string {
  return `damaged-log-${salts}`;
}

/**
 * @param at ISO 8601, of the finding. @param log beside the file, as it was before SQLite read it.
 * @throws VantageError STORE_SWAPPED: the file is another store's, another station's, or was replaced by a restore or a new key since;
 * STORE_DAMAGED: it is empty, and should not be
 */
export function checkAnchor(
  sqlite: Database,
  directory: string,
  masterKey: Uint8Array,
  at: string,
  log: LogState = NO_LOG,
): AnchorVerdict {
  const anchor = readAnchor(directory, masterKey);
  const loss: { readonly log?: LogLoss } =
    log.damagedFrom === null
      ? {}
      : { log: { frames: log.frames, damagedFrom: log.damagedFrom, aside: asideOfLog(log) } };
  const isEmpty = !hasStationTable(sqlite);
  const value = (key: string): string | null => (isEmpty ? null : readStationValue(sqlite, key));
  const generation = value(GENERATION_KEY);
  if (anchor === null || anchor === 'damaged') {
    if (anchor === null && generation === null && !log.isCertain) return { anchor: null, found: null };
    const what = anchor === null ? 'missing' : 'damaged';
    return { anchor: null, found: { code: 'STORE_UNANCHORED', foundAt: at, anchor: what, ...loss } };
  }
  // The very first change says which store it is: without it there is no store, rather than another one.
  if (value(STORE_ID_KEY) === null) throw new VantageError('STORE_DAMAGED', 'the file is empty: its log is gone');
  if (value(STORE_ID_KEY) !== anchor.storeId) throw new VantageError('STORE_SWAPPED', 'the file is another store');
  if (generation !== null && generation !== anchor.generation)
    throw new VantageError('STORE_SWAPPED', 'the file was replaced by a restored or re-encrypted one before');
  const identity = value(IDENTITY_KEY);
  if (identity !== null && publicKeyOf(identity) !== anchor.publicKey)
    throw new VantageError('STORE_SWAPPED', 'the file has another station key');
  const missing = log.isCertain ? comparedWith(sqlite, anchor) : missingFrom(sqlite, anchor);
  return { anchor, found: missing === null ? null : { code: 'STORE_ROLLED_BACK', foundAt: at, missing, ...loss } };
}

/** The finding as a screen is told of it. */
export function problemOf(finding: AnchorFinding): Problem {
  const what =
    finding.code === 'STORE_ROLLED_BACK' ? describe(finding.missing) : `the file clinic.anchor is ${finding.anchor}`;
  const { log } = finding;
  const detail = log === undefined ? what : `${damagedLog(log)}, and lies in aside/${log.aside}; ${what}`;
  return { code: finding.code, detail: detail.slice(0, 500), at: finding.foundAt };
}

/** "the log is damaged from frame 12 of 40 on". */
export function damagedLog({ damagedFrom, frames }: Pick<LogState, 'damagedFrom' | 'frames'>): string {
  return `the log is damaged from frame ${damagedFrom ?? 1} of ${frames} on`;
}

/** How many changes are missing: writes of documents, audit entries and intents. */
export function missingChanges({ writes, audit, intents }: MissingChanges): number {
  const documents = Object.values(writes).reduce((sum, writesOfTable) => sum + writesOfTable, 0);
  return documents + intents + (audit === null ? 0 : audit.through - audit.from + 1);
}

/** "7 changes between A and B are missing: captures 2, sessions 1; audit entries 40 to 43". Numbers, times and table names only. */
function describe(missing: MissingChanges): string {
  const tables = Object.entries(missing.writes).map(([table, writes]) => `${table.split(':')[1] ?? table} ${writes}`);
  const parts = [
    ...(tables.length > 0 ? [tables.join(', ')] : []),
    ...(missing.audit === null ? [] : [`audit entries ${missing.audit.from} to ${missing.audit.through}`]),
    ...(missing.intents > 0 ? [`${missing.intents} intents`] : []),
    ...(missing.diverged ? ['the history has gone another way since'] : []),
  ];
  const period = missing.since === null ? `until ${missing.until}` : `between ${missing.since} and ${missing.until}`;
  if (parts.length === 0) return `of what is known to have been written ${period}, nothing is missing`;
  return `${missingChanges(missing)} changes ${period} are missing: ${parts.join('; ')}`;
}

function hasStationTable(sqlite: Database): boolean {
  const found = sqlite.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'station'`).pluck().get();
  return found !== undefined;
}

function publicKeyOf(identityJson: string): string | null {
  const identity = JSON.parse(identityJson) as { readonly privateKey?: unknown };
  return typeof identity.privateKey === 'string' ? signerOf(identity.privateKey).publicKey : null;
}

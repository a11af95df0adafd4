/**
 * Writes down what a document stands for (`artefacts.ts`), and puts its files in the queue, in the very transaction that writes the
 * document: a file that a document names and the queue does not know can't come about. Doing it again changes nothing.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { equalJson } from '../../../contract/index.ts';
import type { CollectionName, DocumentOf } from '../../../contract/index.ts';
import { prepared } from '../../store/prepared.ts';
import { artefactsOf, isArtefactCollection, sessionIdOfArtefacts } from './artefacts.ts';
import type { Artefact } from './artefacts.ts';

/** Where a visit stands in the queue; null for one that is not here. */
export type VisitOf = (sessionId: string) => { readonly day: string; readonly createdAt: string } | null;

export interface NotedDocument<N extends CollectionName> {
  readonly name: N;
  /** null: it has been deleted. */
  readonly document: DocumentOf<N> | null;
  /** What the rows were written for; null: there was none. Left out: that is not known, and all of them are looked at. */
  readonly previous?: DocumentOf<N> | null;
  readonly id: string;
  /** Records are noted as well as files; without, only files that are in the vault. */
  readonly withRecords: boolean;
}

interface Row {
  readonly part: string;
  readonly sha256: string | null;
  readonly size: number | null;
  readonly state: string;
}

interface Blob {
  readonly sha256: string;
  readonly size: number;
  readonly mediaType: string;
  readonly createdAt: string;
}

/** Within an open transaction. @returns whether anything was written. */
export function noteArtefacts<N extends CollectionName>(
  sqlite: Database,
  { name, id, document, previous, withRecords }: NotedDocument<N>,
  visitOf: VisitOf,
): boolean {
  if (!isArtefactCollection(name)) return false;
  const found = document === null ? [] : artefactsOf<CollectionName>(name, document);
  const now = withRecords ? found : found.filter(({ kind }) => kind !== 'record');
  const before = previous === undefined ? null : previous === null ? [] : artefactsOf<CollectionName>(name, previous);
  if (before !== null && isSame(before, now)) return false;
  const known = new Map(before?.length === 0 ? [] : rowsOf(sqlite, id).map((row) => [row.part, row]));
  let written = false;
  let visitAt: string | null = null;
  for (const artefact of now) {
    const row = known.get(artefact.part);
    const blob = artefact.kind === 'file' ? blobOf(sqlite, artefact.blobId) : null;
    // What the vault does not have can't be sent: another station's, or lost here.
    if (artefact.kind === 'file' && blob === null) continue;
    known.delete(artefact.part);
    if (blob !== null && enqueue(sqlite, blob)) written = true;
    if (row !== undefined && row.sha256 === (blob?.sha256 ?? null) && isKept(artefact, before)) continue;
    written = true;
    if (row !== undefined && before !== null && isAnotherValue(artefact, row, before)) {
      putValue(sqlite, id, artefact, row);
      continue;
    }
    const sessionId = document === null ? '' : sessionIdOfArtefacts(name, document);
    visitAt ??= visitAtOf(visitOf(sessionId), document?.createdAt ?? '');
    put(sqlite, { name, id, sessionId, visitAt, artefact, blob });
    if (row !== undefined && row.sha256 !== null) forgetUnnamed(sqlite, row.sha256);
  }
  for (const row of known.values()) {
    // Nothing was asked about it.
    if (document !== null && !withRecords && row.sha256 === null && row.state !== 'device') continue;
    // The receipt of a file that was deleted here stays with what it was part of.
    if (document !== null && (row.state === 'verified' || row.state === 'gone') && row.sha256 !== null) continue;
    prepared(sqlite, 'DELETE FROM artefacts WHERE document_id = ? AND part = ?').run(id, row.part);
    if (row.sha256 !== null) forgetUnnamed(sqlite, row.sha256);
    written = true;
  }
  return written;
}

function isSame(before: readonly Artefact[], now: readonly Artefact[]): boolean {
  return before.length === now.length && now.every((artefact) => isKept(artefact, before));
}

/** Whether it is what the row was written for; where nobody says what that was, the row is believed. */
function isKept(artefact: Artefact, before: readonly Artefact[] | null): boolean {
  if (before === null) return true;
  const former = before.find(({ part }) => part === artefact.part);
  if (former === undefined || former.kind !== artefact.kind) return false;
  if (artefact.kind === 'file') return former.kind === 'file' && former.blobId === artefact.blobId;
  return artefact.kind !== 'record' || (former.kind === 'record' && equalJson(former.value, artefact.value));
}

/** Whether a value that still waits was changed, and nothing else about it. */
function isAnotherValue(
  artefact: Artefact,
  row: Row,
  before: readonly Artefact[],
): artefact is Artefact & { kind: 'record' } {
  if (artefact.kind !== 'record' || row.state !== 'waiting' || row.sha256 !== null) return false;
  const former = before.find(({ part }) => part === artefact.part);
  return former?.kind === 'record' && former.shown === artefact.shown;
}

/** Sets nothing that stays as it is: SQLite would take it out of the indexes and put it back. */
function putValue(sqlite: Database, id: string, artefact: Artefact & { kind: 'record' }, row: Row): void {
  const { part, at } = artefact;
  const size = sizeOf(artefact);
  if (size === row.size)
    prepared(sqlite, `UPDATE artefacts SET at = ? WHERE document_id = ? AND part = ?`).run(at, id, part);
  else
    prepared(sqlite, `UPDATE artefacts SET at = ?, size = ? WHERE document_id = ? AND part = ?`).run(
      at,
      size,
      id,
      part,
    );
}

function sizeOf({ value }: Artefact & { kind: 'record' }): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** By day, and within a day in the order in which the visits began. */
function visitAtOf(visit: ReturnType<VisitOf>, createdAt: string): string {
  return visit === null ? `${createdAt.slice(0, 10)} ${createdAt}` : `${visit.day} ${visit.createdAt}`;
}

function rowsOf(sqlite: Database, id: string): Row[] {
  return prepared(sqlite, 'SELECT part, sha256, size, state FROM artefacts WHERE document_id = ?').all(id) as Row[];
}

function blobOf(sqlite: Database, blobId: string): Blob | null {
  const found = prepared(
    sqlite,
    'SELECT sha256, size, media_type AS mediaType, created_at AS createdAt FROM vault_blobs WHERE blob_id = ?',
  ).get(blobId) as Blob | undefined;
  return found ?? null;
}

/** What was deleted here and has come back is asked for again: whether the cloud still has it is not ours to say. */
function enqueue(sqlite: Database, { sha256, size, mediaType }: Blob): boolean {
  return (
    prepared(
      sqlite,
      `INSERT INTO uploads (sha256, size, media_type, state) VALUES (?, ?, ?, 'waiting')
       ON CONFLICT (sha256) DO UPDATE SET verified_at = NULL, sent = 0,
         state = CASE WHEN stored_at IS NULL THEN 'waiting' ELSE 'stored' END
       WHERE state = 'gone'`,
    ).run(sha256, size, mediaType).changes > 0
  );
}

function put(
  sqlite: Database,
  row: {
    readonly name: CollectionName;
    readonly id: string;
    readonly sessionId: string;
    readonly visitAt: string;
    readonly artefact: Artefact;
    readonly blob: Blob | null;
  },
): void {
  const { name, id, sessionId, visitAt, artefact, blob } = row;
  const isHeavy = artefact.kind === 'file' && artefact.heavy ? 1 : 0;
  prepared(
    sqlite,
    `INSERT INTO artefacts (document_id, part, collection, session_id, visit_at, sha256, size, heavy, shown, state, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT state FROM uploads WHERE sha256 = ?), ?), ?)
     ON CONFLICT (document_id, part) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, heavy = excluded.heavy,
       shown = excluded.shown, state = excluded.state, at = excluded.at, acknowledged_at = NULL`,
  ).run(
    id,
    artefact.part,
    name,
    sessionId,
    visitAt,
    blob?.sha256 ?? null,
    blob?.size ?? (artefact.kind === 'record' ? sizeOf(artefact) : null),
    isHeavy,
    artefact.shown,
    blob?.sha256 ?? null,
    artefact.kind === 'device' ? 'device' : 'waiting',
    blob?.createdAt ?? (artefact.kind === 'file' ? '' : artefact.at),
  );
}

/** Nothing that no document names is sent. What the cloud has stays as its receipt. */
export function forgetUnnamed(sqlite: Database, sha256: string): void {
  prepared(
    sqlite,
    `DELETE FROM uploads WHERE sha256 = ? AND state IN ('waiting', 'differs', 'held')
       AND NOT EXISTS (SELECT 1 FROM artefacts WHERE artefacts.sha256 = uploads.sha256)`,
  ).run(sha256);
}

/** Re-opens what a writer left and compares all of it with its plan. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { VantageError, equalJson } from '../../../electron/contract/index.ts';
import { verifyAudit } from '../../../electron/core/audit/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import { KEY, STATION } from '../../../electron/core/store/testing/documents.ts';
import { openVault } from '../../../electron/core/vault/index.ts';
import type { Vault } from '../../../electron/core/vault/index.ts';
import {
  BATCH_ACTION,
  FILE_ACTION,
  Plan,
  fileAudit,
  fileDocument,
  plannedAudit,
  plannedDocument,
  plannedFile,
  plannedIntent,
} from './plan.ts';
import { QUIET } from './quiet.ts';

const EVERYTHING = 10_000_000;
const YEAR_MS = 365 * 86_400_000;
/** Differences named per check; what is behind a thousand is mostly one. */
const MOST_NAMED = 5;

export interface Acknowledged {
  /** The last batch. */
  batch: number;
  /** Number -> SHA-256. */
  readonly files: Map<number, string>;
}

export interface CheckOptions {
  readonly directory: string;
  readonly seed: number;
  readonly largestBatch: number;
  readonly largestFile: number;
  readonly acknowledged: Acknowledged;
  /** Whether a batch and a file may have been under way when the writer ended. */
  readonly mayBeUnderWay: boolean;
  /** Files found whole under an open grant: `finish` gives them their document, `abandon` removes them. */
  readonly openGrants: 'finish' | 'abandon';
}

export interface Checked {
  /** How many batches are there. */
  readonly batches: number;
  /** The highest number of a file that is there. */
  readonly files: number;
  readonly documents: number;
  /** Acknowledged batches and files that are gone. */
  readonly lost: number;
  readonly failures: readonly string[];
}

export async function checkClinic(options: CheckOptions): Promise<Checked> {
  const { directory } = options;
  const failures: string[] = [];
  const store = await openStore({ directory, key: KEY, now: Date.now, stationId: STATION });
  try {
    const { found } = store.anchored;
    if (found !== null) failures.push(`the anchor calls a sound clinic ${JSON.stringify(found)}`);
    const integrity = store.integrityCheck();
    if (!integrity.ok) failures.push(`integrity: ${integrity.problems.slice(0, MOST_NAMED).join('; ')}`);
    const audit = verifyAudit(store);
    if (!audit.ok) failures.push(`the audit chain is broken at ${audit.firstBad}`);
    const batches = await checkBatches(store, options, failures);
    const files = await checkFiles(store, options, failures);
    return { ...batches, ...files, lost: batches.lost + files.lost, failures };
  } finally {
    await store.close();
  }
}

async function checkBatches(
  store: Store,
  { seed, largestBatch, acknowledged, mayBeUnderWay }: CheckOptions,
  failures: string[],
): Promise<{ readonly batches: number; readonly documents: number; readonly lost: number }> {
  const entries = store.audit.read({ limit: EVERYTHING }).filter((entry) => entry.action === BATCH_ACTION);
  const batches = Number(entries.at(-1)?.detail['batch'] ?? 0);
  const lost = Math.max(0, acknowledged.batch - batches);
  if (lost > 0) failures.push(`${lost} acknowledged batches are lost: ${batches} of ${acknowledged.batch} are there`);
  const unasked = batches - acknowledged.batch - (mayBeUnderWay ? 1 : 0);
  if (unasked > 0) failures.push(`${unasked} batches are there that were refused or never written`);

  const plan = new Plan(seed, largestBatch);
  const details = [];
  for (let number = 1; number <= batches; number += 1) {
    details.push(...plannedAudit(plan.next()).map((entry) => entry.detail));
  }
  const found = entries.map((entry) => entry.detail);
  if (!equalJson(found, details)) failures.push(`the audit entries of ${batches} batches are not what was written`);
  checkIntents(store, batches, failures);

  const differences: string[] = [];
  let documents = 0;
  const stored = new Map<string, Readonly<Record<string, unknown>>>();
  for (const name of ['patients', 'appointments', 'alerts'] as const) {
    for (const document of await store.find(name)) stored.set(`${name}/${document.id}`, document);
  }
  for (const [item, version] of plan.versions.entries()) {
    const { name, document } = plannedDocument(seed, { item, version });
    const key = `${name}/${document.id}`;
    const kept = stored.get(key);
    stored.delete(key);
    documents += 1;
    if (kept === undefined) differences.push(`${key} is missing`);
    else if (Object.entries(document).some(([field, value]) => !equalJson(kept[field], value)))
      differences.push(`${key} is not what was written (item ${item}, version ${version})`);
  }
  differences.push(...[...stored.keys()].map((key) => `${key} was never written whole`));
  failures.push(...differences.slice(0, MOST_NAMED));
  if (differences.length > MOST_NAMED) failures.push(`... ${differences.length} documents differ in all`);
  return { batches, documents, lost };
}

function checkIntents(store: Store, batches: number, failures: string[]): void {
  const ordinals = new Map<string, number>();
  const expected = Array.from({ length: batches }, (_, index) => {
    const intent = plannedIntent(index + 1);
    const ordinal = (ordinals.get(intent.subjectId) ?? 0) + 1;
    ordinals.set(intent.subjectId, ordinal);
    return [intent.id, intent.subjectId, ordinal, intent.payload];
  });
  const found = store
    .pendingIntents(EVERYTHING)
    .map((intent) => [intent.id, intent.subjectId, intent.ordinal, intent.payload]);
  if (!equalJson(found, expected)) failures.push(`the intents of ${batches} batches are not what was written`);
}

async function checkFiles(
  store: Store,
  options: CheckOptions,
  failures: string[],
): Promise<{ readonly files: number; readonly lost: number }> {
  const { directory, seed, largestFile, acknowledged, mayBeUnderWay } = options;
  const before = failures.length;
  const open = (now: () => Date): Promise<Vault> =>
    openVault({
      directory: join(directory, 'vault'),
      database: store.sqlite,
      masterKey: KEY,
      now,
      log: QUIET,
      reserveBytes: 0,
      orphanAgeMs: 0,
    });
  const vault = await open(() => new Date());
  if (vault.swept.missingBlobIds.length > 0)
    failures.push(`${vault.swept.missingBlobIds.length} files are missing that rows name`);
  const documents = new Map((await store.find('reports')).map((document) => [document.version, document]));

  let lost = 0;
  for (const [number, sha256] of acknowledged.files) {
    if (documents.get(number)?.sha256 === sha256) continue;
    lost += 1;
    failures.push(`file ${number} was acknowledged and is lost`);
  }
  const unasked = [...documents.keys()].filter((number) => !acknowledged.files.has(number));
  if (unasked.length > (mayBeUnderWay ? 1 : 0))
    failures.push(`files ${unasked.join(', ')} are there that were refused or never written`);
  for (const [number, document] of documents) {
    const sha256 = sha256Of(plannedFile(seed, number, largestFile));
    if (document.sha256 !== sha256) failures.push(`file ${number} has another content than was planned`);
    if (vault.stat(document.blobId)?.sha256 !== sha256) failures.push(`the row of file ${number} is missing`);
    acknowledged.files.set(number, sha256);
  }
  const audited = store.audit
    .read({ limit: EVERYTHING })
    .filter((entry) => entry.action === FILE_ACTION)
    .map((entry) => Number(entry.detail['file']));
  if (!equalJson(audited.toSorted(byNumber), [...documents.keys()].toSorted(byNumber)))
    failures.push('the audit entries of files are not those of the documents');

  const blobIds = store.sqlite.prepare<[], string>('SELECT blob_id FROM vault_blobs').pluck().all();
  for (const blobId of blobIds) {
    try {
      await vault.verify(blobId);
    } catch (error) {
      failures.push(
        `a stored file does not read back: ${error instanceof VantageError ? error.message : String(error)}`,
      );
    }
  }
  const named = new Set([...documents.values()].map((document) => document.blobId));
  if (blobIds.some((blobId) => !named.has(blobId)) || named.size !== blobIds.length)
    failures.push(`${blobIds.length} rows of files, ${named.size} named by documents`);

  const highest = await settleGrants(store, vault, options, failures);
  if (failures.length === before) await checkNothingElse(store, directory, open, failures);
  return { files: Math.max(0, highest, ...acknowledged.files.keys()), lost };
}

/** Ends every grant that was open. @returns the highest number of a file among them */
async function settleGrants(
  store: Store,
  vault: Vault,
  { seed, largestFile, acknowledged, openGrants }: CheckOptions,
  failures: string[],
): Promise<number> {
  let highest = 0;
  for (const pending of await vault.recoverPending()) {
    const number = Number(pending.subject);
    highest = Math.max(highest, number);
    const { content } = pending;
    if (content !== null && content.sha256 !== sha256Of(plannedFile(seed, number, largestFile)))
      failures.push(`file ${number} is called whole and is not`);
    if (content !== null && openGrants === 'finish' && !acknowledged.files.has(number)) {
      const prepared = await vault.prepareCommit(pending.pendingId, { ...content, mediaType: 'image/jpeg' });
      await store.transaction((tx) => {
        tx.put('reports', fileDocument(number, vault.insertRow(prepared)));
        tx.audit(fileAudit(number));
      });
      await vault.verify(prepared.blobId);
      acknowledged.files.set(number, content.sha256);
    } else {
      await vault.abandon(pending.pendingId);
    }
  }
  return highest;
}

/** After a year, and so after every sweep, there is a file for each row and no other. */
async function checkNothingElse(
  store: Store,
  directory: string,
  open: (now: () => Date) => Promise<Vault>,
  failures: string[],
): Promise<void> {
  await open(() => new Date(Date.now() + YEAR_MS));
  const files = readdirSync(join(directory, 'vault'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
  const rows = store.sqlite.prepare<[], string>('SELECT file FROM vault_blobs').pluck().all();
  if (!equalJson(files.toSorted(), rows.toSorted()))
    failures.push(`${files.length} files in the vault, ${rows.length} rows name one`);
}

function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function byNumber(left: number, right: number): number {
  return left - right;
}

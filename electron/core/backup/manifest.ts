/**
 * What a backup says of itself. A backup is a folder:
 *
 *     <name>/clinic.db        the encrypted file as it was at one instant, under the store's own key
 *     <name>/clinic.check     which key that is
 *     <name>/files.txt        the vault's files that it names, one a line: name, bytes
 *     <name>/*.key            the key files that a passphrase opens, where the clinic has any: with the passphrase, another machine can
 *                             restore it
 *     <name>/clinic.former-keys   the keys of backups from before, sealed under this one's; where there are any
 *     <name>/manifest.json    the rest, sealed (HMAC under a key derived from the master key) and signed by the station; written last
 *     <name>/verified.json    when it was last read whole and compared, and what was found; sealed for this very manifest
 *     blobs/ab/ab12...        the vault's files, encrypted as they are, once for all backups of the folder
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { VantageError, canonical } from '../../contract/index.ts';
import { isSignedBy } from '../audit/signer.ts';
import type { Signer } from '../audit/signer.ts';
import { headsSchema } from '../store/anchor.ts';
import { checkValueOf } from '../store/cipher-file.ts';
import { writeDurably } from '../store/durable-file.ts';
import { deriveKey } from '../store/key-handling.ts';
import { codeOf } from '../store/store-problem.ts';
import { parsedList } from './blob-copies.ts';
import type { BlobFile } from './blob-copies.ts';

/** Of the clinic's folder, where nothing else is said. */
export const BACKUPS_FOLDER = 'backups';
export const MANIFEST_FILE = 'manifest.json';
export const FILE_LIST = 'files.txt';
export const BLOBS_FOLDER = 'blobs';
export const PARTIAL_SUFFIX = '.partial';
const VERIFIED_FILE = 'verified.json';

const count = z.number().int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const backupName = z.string().regex(/^\d{8}T\d{6}Z(-\d+)?$/);

const manifestSchema = z.object({
  version: z.literal(1),
  name: backupName,
  madeAt: z.iso.datetime(),
  storeId: z.string(),
  stationId: z.string(),
  /** The station's, DER, base64. */
  publicKey: z.base64(),
  /** Which key opens it: the content of its `clinic.check`, hex. */
  check: hash,
  store: z.object({ bytes: count, sha256: hash, schema: count }),
  heads: headsSchema,
  /** The vault's files, and how many of them were not there when it was made. */
  files: z.object({ count, bytes: count, missing: count, sha256: hash }),
  /** SHA-256 of the key files in it, by name. Backups of older versions say nothing of them. */
  keys: z.record(z.string(), hash).optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

const fileSchema = z.object({ manifest: manifestSchema, signature: z.base64(), seal: hash });
const verdictSchema = z.object({ at: z.iso.datetime(), ok: z.boolean() });
type Verdict = z.infer<typeof verdictSchema>;
const sealedVerdictSchema = verdictSchema.extend({ seal: hash });

/** A backup as a list shows it. Nothing of it is verified by being listed. */
export interface BackupInfo {
  readonly name: string;
  readonly path: string;
  readonly madeAt: string;
  /** Bytes of the store and, on their own, of the vault's files; these are shared between backups. */
  readonly storeBytes: number;
  readonly fileBytes: number;
  readonly files: number;
  /** Files of the vault that were missing already when it was made. */
  readonly missingFiles: number;
  /**
   * When it was last read whole and compared, and whether it was as it should be. null: never, or nobody who had the clinic's key says so;
   * what anybody may have written into the file is no claim.
   */
  readonly verified: Verdict | null;
  /** Whether the clinic's key of now opens it, one that it had before, or another; null where no key was given to tell. */
  readonly key: 'current' | 'former' | 'other' | null;
}

export function sealedManifest(manifest: Manifest, masterKey: Uint8Array, signer: Signer): string {
  const signature = signer.sign(statementOf(manifest));
  const seal = sealOf(manifest, signature, masterKey).toString('hex');
  return `${JSON.stringify({ manifest, signature, seal }, null, 2)}\n`;
}

/**
 * @param path of the backup's folder.
 * @throws VantageError NOT_FOUND (no backup there), BACKUP_DAMAGED, KEY_WRONG (made under another key)
 */
export async function openManifest(path: string, masterKey: Uint8Array): Promise<Manifest> {
  const { manifest, signature, seal } = await readManifest(path);
  if (manifest.check !== checkValueOf(deriveKey(masterKey, 'store')).toString('hex'))
    throw new VantageError('KEY_WRONG', 'the backup was made under another key');
  const isSealed = timingSafeEqual(sealOf(manifest, signature, masterKey), Buffer.from(seal, 'hex'));
  if (!isSealed || !isSignedBy(manifest.publicKey, statementOf(manifest), signature))
    throw new VantageError('BACKUP_DAMAGED', 'the manifest is not as this clinic sealed it');
  return manifest;
}

/** Which key a backup was made under: its check value, hex. Not verified. @throws VantageError NOT_FOUND, BACKUP_DAMAGED */
export async function keyCheckOf(path: string): Promise<string> {
  return (await readManifest(path)).manifest.check;
}

/** Whose backup it is. Not verified. @throws VantageError NOT_FOUND, BACKUP_DAMAGED */
export async function storeIdOf(path: string): Promise<string> {
  return (await readManifest(path)).manifest.storeId;
}

/**
 * Backups in a folder, newest first. What can't be read as one is left out.
 * @param keys master keys of the clinic, the one of now first; without any, nothing is said to be verified.
 */
export async function listBackups(root: string, keys: readonly Uint8Array[]): Promise<BackupInfo[]> {
  const found = await Promise.all((await backupFolders(root)).map((path) => infoOf(path, keys).catch(() => null)));
  return found.filter((info) => info !== null).toSorted((a, b) => (a.name < b.name ? 1 : -1));
}

/** Names of what should be backups and can't be read as such: their manifest is gone or damaged. Newest first. */
export async function unreadableBackups(root: string): Promise<string[]> {
  const found = await Promise.all(
    (await backupFolders(root)).map((path) =>
      readManifest(path).then(
        () => [],
        () => [basename(path)],
      ),
    ),
  );
  return found.flat().toSorted().toReversed();
}

/** Paths of what bears a backup's name, whether or not it can be read as one. */
export async function backupFolders(root: string): Promise<string[]> {
  const names = await readdir(root).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => backupName.safeParse(name).success).map((name) => join(root, name));
}

/** @param keys as `listBackups` takes them. @throws VantageError NOT_FOUND, BACKUP_DAMAGED */
export async function infoOf(path: string, keys: readonly Uint8Array[]): Promise<BackupInfo> {
  const { manifest } = await readManifest(path);
  return {
    name: manifest.name,
    path,
    madeAt: manifest.madeAt,
    storeBytes: manifest.store.bytes,
    fileBytes: manifest.files.bytes,
    files: manifest.files.count,
    missingFiles: manifest.files.missing,
    verified: await verdictOf(path, keys),
    key: whichKey(manifest.check, keys),
  };
}

/** Keeps what a whole reading found. @param masterKey that the backup was made under. */
export async function writeVerdict(path: string, { at, ok }: Verdict, masterKey: Uint8Array): Promise<void> {
  const seal = verdictSeal({ at, ok }, await manifestHash(path), masterKey).toString('hex');
  writeDurably(join(path, VERIFIED_FILE), `${JSON.stringify({ at, ok, seal })}\n`, 0o600);
}

async function verdictOf(path: string, keys: readonly Uint8Array[]): Promise<Verdict | null> {
  const text = await readFile(join(path, VERIFIED_FILE), 'utf8').catch(() => null);
  const found = text === null ? undefined : sealedVerdictSchema.safeParse(parsed(text)).data;
  if (found === undefined) return null;
  const { at, ok } = found;
  const manifest = await manifestHash(path);
  const seal = Buffer.from(found.seal, 'hex');
  return keys.some((key) => timingSafeEqual(verdictSeal({ at, ok }, manifest, key), seal)) ? { at, ok } : null;
}

/** Of the manifest as it lies there: what is said of one backup says nothing of another, nor of this one with other words in it. */
async function manifestHash(path: string): Promise<string> {
  const bytes = await readFile(join(path, MANIFEST_FILE)).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  });
  return createHash('sha256').update(bytes).digest('hex');
}

function verdictSeal(verdict: Verdict, manifest: string, masterKey: Uint8Array): Buffer {
  return createHmac('sha256', deriveKey(masterKey, 'backup-verdict'))
    .update(canonical({ manifest, ...verdict }))
    .digest();
}

function whichKey(check: string, keys: readonly Uint8Array[]): BackupInfo['key'] {
  if (keys.length === 0) return null;
  const place = keys.findIndex((key) => checkValueOf(deriveKey(key, 'store')).toString('hex') === check);
  return place < 0 ? 'other' : place === 0 ? 'current' : 'former';
}

/**
 * The files that a backup names, as its manifest says.
 * @throws VantageError NOT_FOUND (no backup there), BACKUP_DAMAGED: the list is gone or another
 */
export async function fileListOf(path: string): Promise<BlobFile[]> {
  const { manifest } = await readManifest(path);
  const list = await readFile(join(path, FILE_LIST), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (list === null || createHash('sha256').update(list).digest('hex') !== manifest.files.sha256)
    throw new VantageError('BACKUP_DAMAGED', 'the list of files is not as it was');
  return parsedList(list);
}

async function readManifest(path: string): Promise<z.infer<typeof fileSchema>> {
  const text = await readFile(join(path, MANIFEST_FILE), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') throw new VantageError('NOT_FOUND', 'there is no backup');
    throw error;
  });
  const file = fileSchema.safeParse(parsed(text));
  if (!file.success) throw new VantageError('BACKUP_DAMAGED', 'the manifest can not be read');
  return file.data;
}

function statementOf(manifest: Manifest): object {
  return { type: 'vantage-store-backup', manifest };
}

function sealOf(manifest: Manifest, signature: string, masterKey: Uint8Array): Buffer {
  return createHmac('sha256', deriveKey(masterKey, 'backup')).update(canonical({ manifest, signature })).digest();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Where histories are archived, from the environment. `.env.example` lists it. */
import { z } from 'zod';
import { s3ConfigOf, s3Environment } from '../api/uploads/files-config.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import type { TenantKeys } from '../codec/keys.ts';
import { readKeys } from '../codec/keys.ts';
import type { ArchiveStore } from './archive-store.ts';
import { folderArchiveStore } from './archive-store.ts';
import { HistoryArchive } from './history-archive.ts';
import { s3ArchiveStore } from './s3-archive-store.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const storeSchema = z.object({
  HISTORY_ARCHIVE_STORE: z.enum(['folder', 's3']).default('folder'),
  HISTORY_ARCHIVE_FOLDER: z.string().default(''),
});
const s3Schema = z.object({
  /** Of the bucket; left out, that of files. */
  HISTORY_ARCHIVE_BUCKET: z.string().min(1).optional(),
  HISTORY_ARCHIVE_PREFIX: z
    .string()
    .regex(/^([\w.-]+\/)*$/)
    .default('histories/'),
  ...s3Environment,
});

/**
 * @param keys of payloads, where they are here: what is archived is then opened once, to the last payload
 * @returns null: nothing is archived
 * @throws Error that names the variable that is wrong, never its value
 */
export function archiveOf(environment: Environment, keys: TenantKeys | null): HistoryArchive | null {
  const store = storeOf(environment);
  if (store === null) return null;
  const payloads = keys === null ? null : new EncryptionCodec(keys, null);
  try {
    return new HistoryArchive(store, readKeys(environment['HISTORY_ARCHIVE_KEYS'] ?? ''), payloads);
  } catch {
    throw new Error('missing or wrong in the environment: HISTORY_ARCHIVE_KEYS');
  }
}

function storeOf(environment: Environment): ArchiveStore | null {
  const { HISTORY_ARCHIVE_STORE: kind, HISTORY_ARCHIVE_FOLDER: folder } = read(storeSchema, environment);
  if (kind === 'folder') return folder === '' ? null : folderArchiveStore(folder);
  const { HISTORY_ARCHIVE_BUCKET: bucket, HISTORY_ARCHIVE_PREFIX: prefix, ...s3 } = read(s3Schema, environment);
  return s3ArchiveStore(s3ConfigOf({ ...s3, S3_BUCKET: bucket ?? s3.S3_BUCKET }), prefix);
}

function read<S extends z.ZodType>(schema: S, environment: Environment): z.output<S> {
  const found = schema.safeParse(environment);
  if (found.success) return found.data;
  const names = new Set(found.error.issues.map((issue) => String(issue.path[0])));
  throw new Error(`missing or wrong in the environment: ${[...names].join(', ')}`);
}

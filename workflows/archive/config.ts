/** Where histories are archived, from the environment. `.env.example` lists it. */
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import type { TenantKeys } from '../codec/keys.ts';
import { readKeys } from '../codec/keys.ts';
import { folderArchiveStore } from './archive-store.ts';
import { HistoryArchive } from './history-archive.ts';

/**
 * @param keys of payloads, where they are here: what is archived is then opened once, to the last payload
 * @returns null: nothing is archived
 * @throws Error that names the variable that is wrong, never its value
 */
export function archiveOf(
  environment: Readonly<Record<string, string | undefined>>,
  keys: TenantKeys | null,
): HistoryArchive | null {
  const folder = environment['HISTORY_ARCHIVE_FOLDER'] ?? '';
  if (folder === '') return null;
  const payloads = keys === null ? null : new EncryptionCodec(keys, null);
  try {
    const own = readKeys(environment['HISTORY_ARCHIVE_KEYS'] ?? '');
    return new HistoryArchive(folderArchiveStore(folder), own, payloads);
  } catch {
    throw new Error('missing or wrong in the environment: HISTORY_ARCHIVE_KEYS');
  }
}

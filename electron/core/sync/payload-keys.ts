/**
 * The tenant's keys for what is sent to the cloud's workflows: handed over with the enrolment, and again when the cloud has others. In the
 * encrypted file, as the keys by which the cloud knows the station.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { PayloadKeys } from '../../contract/index.ts';
import { CLOUD_PATHS, payloadKeysSchema } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';
import type { CloudClient } from './cloud-client.ts';

const KEY = 'workflow-payload-keys';

/** As `readKeys` (workflows/codec) takes them, the one that writes first; null: none were given yet. */
export function readPayloadKeys(sqlite: Database): string | null {
  const keys = stored(sqlite);
  return keys.length === 0 ? null : keys.map(({ id, key }) => `${id}:${key}`).join(',');
}

/** Whether the cloud has others, or has them in another order. @param ids as it names them; null: it has none to give */
export function arePayloadKeysDue(sqlite: Database, ids: readonly string[] | null): boolean {
  if (ids === null) return false;
  const own = stored(sqlite).map(({ id }) => id);
  return own.length !== ids.length || own.some((id, index) => id !== ids[index]);
}

/** Part of the transaction that is open. */
export function writePayloadKeys(sqlite: Database, keys: PayloadKeys | null): void {
  writeStationValue(sqlite, KEY, JSON.stringify(keys ?? []));
}

/** @param now ms since 1970 @returns the ids of the keys @throws VantageError, as the cloud's client */
export async function fetchPayloadKeys(
  store: Store,
  client: Pick<CloudClient, 'post'>,
  { stationId, now }: { readonly stationId: string; readonly now: number },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const keys = await client.post(CLOUD_PATHS.payloadKeys, {}, payloadKeysSchema, { signal });
  const keyIds = keys.map(({ id }) => id);
  await store.transaction((tx) => {
    writePayloadKeys(tx.sqlite, keys);
    tx.audit({
      at: new Date(now).toISOString(),
      actorId: stationId,
      role: 'station',
      action: 'station.workflow-keys',
      subjectKind: 'station',
      subjectId: stationId,
      detail: { keyIds: keyIds.join(' ') },
    });
  });
  return keyIds;
}

function stored(sqlite: Database): PayloadKeys {
  const text = readStationValue(sqlite, KEY) ?? '[]';
  const keys: unknown = JSON.parse(text);
  return Array.isArray(keys) && keys.length === 0 ? [] : payloadKeysSchema.parse(keys);
}

/**
 * Whether a station is still accepted, asked in each of its transactions: being taken out of service takes effect at once. That it asked
 * is noted on the way.
 */
import { sql } from 'kysely';
import { VantageError } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';

/** The last contact is noted no more often than this: a station that is on asks many times a minute. */
const SEEN_EVERY_MS = 30_000;

/**
 * @throws VantageError STATION_REFUSED when it was taken out of service; NOT_SIGNED_IN when its key was replaced or it was moved to
 * another location since the token was given: it gets a new one with the key that it has
 */
export async function requireAcceptedStation(tx: Scoped, caller: StationCaller, now: Date): Promise<void> {
  const row = await tx
    .selectFrom('stations')
    .leftJoin('station_keys', (join) =>
      join.onRef('station_keys.station_id', '=', 'stations.id').on('station_keys.key_id', '=', caller.keyId),
    )
    .select(['stations.state', 'stations.location_id', 'stations.last_seen_at', 'station_keys.state as keyState'])
    .where('stations.id', '=', caller.stationId)
    .executeTakeFirst();
  if (row === undefined || row.state === 'revoked' || row.keyState === 'revoked') {
    throw new VantageError('STATION_REFUSED');
  }
  if (row.location_id !== caller.locationId || row.keyState !== 'active') throw new VantageError('NOT_SIGNED_IN');
  if (now.getTime() - (row.last_seen_at?.getTime() ?? 0) > SEEN_EVERY_MS) await noteContact(tx, caller.stationId, now);
}

/** Where another of its transactions is at it, that one notes it: nobody waits for this. */
async function noteContact(tx: Scoped, stationId: string, now: Date): Promise<void> {
  await sql`
    UPDATE stations SET last_seen_at = ${now}
    WHERE id IN (SELECT id FROM stations WHERE id = ${stationId} FOR NO KEY UPDATE SKIP LOCKED)`.execute(tx);
}

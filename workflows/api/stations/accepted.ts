/** Whether a station is still accepted, asked in each of its transactions: being taken out of service takes effect at once. */
import { VantageError } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';

/**
 * @throws VantageError STATION_REFUSED when it was taken out of service; NOT_SIGNED_IN when its key was replaced or it was moved to
 * another location since the token was given: it gets a new one with the key that it has
 */
export async function requireAcceptedStation(tx: Scoped, caller: StationCaller): Promise<void> {
  const row = await tx
    .selectFrom('stations')
    .leftJoin('station_keys', (join) =>
      join.onRef('station_keys.station_id', '=', 'stations.id').on('station_keys.key_id', '=', caller.keyId),
    )
    .select(['stations.state', 'stations.location_id', 'station_keys.state as keyState'])
    .where('stations.id', '=', caller.stationId)
    .executeTakeFirst();
  if (row === undefined || row.state === 'revoked' || row.keyState === 'revoked') {
    throw new VantageError('STATION_REFUSED');
  }
  if (row.location_id !== caller.locationId || row.keyState !== 'active') throw new VantageError('NOT_SIGNED_IN');
}

/** Which calibration record counts for a device. Records are append-only: the newest one decides, also where it failed. */
import type { Calibration } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';

/** Null: none is known, the last one failed, or it has run out. */
export async function calibrationInForce(
  store: Pick<Store, 'find'>,
  deviceId: string,
  at: Date,
): Promise<Calibration | null> {
  const records = await store.find('calibrations', { selector: { deviceId } });
  const superseded = new Set(records.map(({ supersedes }) => supersedes));
  const time = at.toISOString();
  const [last] = records
    .filter(({ id, validFrom }) => !superseded.has(id) && validFrom <= time)
    .toSorted((one, other) => (one.validFrom < other.validFrom ? 1 : -1));
  return last !== undefined && last.verdict === 'passed' && time < last.validUntil ? last : null;
}

/**
 * Stable readings that this station has really had from a scale. Only such a one can be saved as "from the device": a screen
 * can show what it likes, it can't make a measurement.
 */
import type { WeightReading } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { DevicesApi } from '../../../native/supervisor/devices-api.ts';

/** A reading may be saved for this long after it was taken. */
const FRESH_MS = 10 * 60_000;
/** How far the clock may have been set back since. */
const CLOCK_MS = 60_000;
const KEPT = 200;

export class Readings {
  readonly #devices: DevicesApi;
  readonly #now: () => Date;
  readonly #given = new Map<string, WeightReading>();

  constructor(devices: DevicesApi, now: () => Date) {
    this.#devices = devices;
    this.#now = now;
  }

  /** Waits for the scale's own "stable". @throws VantageError SCALE_*, DEVICE_*. */
  async weigh(deviceId: string, signal?: AbortSignal): Promise<WeightReading> {
    const outcome = await this.#devices.weigh({ deviceId }, { signal });
    if (outcome.kind !== 'completed') throw new VantageError(outcome.code, outcome.detail);
    this.#given.set(keyOf(outcome.value), outcome.value);
    for (const key of this.#given.keys()) {
      if (this.#given.size <= KEPT) break;
      this.#given.delete(key);
    }
    return outcome.value;
  }

  /**
   * Accepts a reading that this station gave out; after a restart, which forgets them, the scale is asked again and must agree
   * within one division.
   * @returns what to save: the value that was shown, with evidence that this station itself heard.
   * @throws VantageError READING_STALE.
   */
  async require(reading: WeightReading): Promise<WeightReading> {
    const ageMs = this.#now().getTime() - Date.parse(reading.at);
    if (ageMs > FRESH_MS) throw new VantageError('READING_STALE', 'too old');
    if (ageMs < -CLOCK_MS) throw new VantageError('READING_STALE', 'not taken yet');
    const given = this.#given.get(keyOf(reading));
    if (
      given !== undefined &&
      given.kg === reading.kg &&
      given.errorKg === reading.errorKg &&
      given.raw === reading.raw
    )
      return given;
    if (given !== undefined) throw new VantageError('READING_STALE', 'not what the scale said');
    const now = await this.weigh(reading.deviceId);
    const agrees = Math.abs(now.kg - reading.kg) <= now.divisionKg * 1.001 && now.errorKg === reading.errorKg;
    if (!agrees) throw new VantageError('READING_STALE', 'the scale reads something else now');
    return { ...now, kg: reading.kg, at: reading.at };
  }
}

function keyOf(reading: WeightReading): string {
  return `${reading.deviceId} ${reading.at}`;
}

/** The station's device records: what is configured here, and whom it turned out to be. */
import type { DeviceConfiguration, DeviceStatus } from '../../contract/index.ts';
import { equalJson } from '../../contract/index.ts';
import type { StationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';

export class DeviceBook {
  readonly #store: Store;
  readonly #station: StationIdentity;
  #configurations: readonly DeviceConfiguration[] = [];
  readonly #seen = new Map<string, string>();

  constructor(store: Store, station: StationIdentity) {
    this.#store = store;
    this.#station = station;
  }

  /** Takes over what the station was started with; started with nothing, it has what it had before. */
  async remember(initial: readonly DeviceConfiguration[]): Promise<void> {
    for (const configuration of initial) {
      const former = await this.#store.get('devices', configuration.deviceId);
      if (former !== null && equalJson(former.configuration, configuration)) continue;
      await this.#store.write('devices', {
        ...former,
        id: configuration.deviceId,
        tenantId: this.#station.tenantId,
        locationId: this.#station.locationId,
        authorId: this.#station.stationId,
        configuration,
        identity: former?.identity ?? null,
        lastSeenAt: former?.lastSeenAt ?? null,
      });
    }
    const records = await this.#store.find('devices', { selector: { stationId: this.#station.stationId } });
    this.#configurations = initial.length > 0 ? initial : records.map((record) => record.configuration);
  }

  configurations(): readonly DeviceConfiguration[] {
    return this.#configurations;
  }

  configurationOf(deviceId: string): DeviceConfiguration | null {
    return this.#configurations.find((configuration) => configuration.deviceId === deviceId) ?? null;
  }

  /** Notes identities; written when one changes, not at each state. */
  async seen(statuses: readonly DeviceStatus[]): Promise<void> {
    for (const status of statuses) {
      if (status.identity === null) continue;
      const key = JSON.stringify(status.identity);
      if (this.#seen.get(status.deviceId) === key) continue;
      this.#seen.set(status.deviceId, key);
      if ((await this.#store.get('devices', status.deviceId)) === null) continue;
      await this.#store.update('devices', status.deviceId, (current) => ({
        ...current,
        identity: status.identity,
        lastSeenAt: status.since,
      }));
    }
  }
}

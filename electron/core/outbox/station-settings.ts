/** How this station reaches the workflows: as it is configured, with the keys that the cloud gave it where it has none of its own. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { WorkflowSettings } from '../clinic-api.ts';
import { readPayloadKeys } from '../sync/payload-keys.ts';

export interface StationSettings {
  /** `payloadKeys` of its credentials is null as long as there are none at all: then nothing may be sent. */
  readonly settings: WorkflowSettings;
  /** The keys that the cloud gave last; null where those that are configured here are used, or none were given. */
  readonly givenKeys: () => string | null;
}

export function stationSettings(settings: WorkflowSettings, sqlite: Database): StationSettings {
  let hasOwnKeys = false;
  return {
    settings: {
      ...settings,
      credentials: () => {
        const credentials = settings.credentials();
        hasOwnKeys = credentials.payloadKeys !== null;
        return { ...credentials, payloadKeys: credentials.payloadKeys ?? readPayloadKeys(sqlite) };
      },
    },
    givenKeys: () => (hasOwnKeys ? null : readPayloadKeys(sqlite)),
  };
}

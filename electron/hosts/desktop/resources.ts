/** Where the parts of a built workstation lie, from its root: the checkout, or the packaged `app.asar`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface Resources {
  /** Served as `app://bundle/`. */
  readonly renderer: string;
  readonly preload: string;
  /** One bundled file per process. */
  readonly services: Readonly<Record<(typeof SERVICE_NAMES)[number], string>>;
  readonly models: string;
  /** Whether what the station-worker needs is there. */
  readonly hasStationWorker: boolean;
}

export const SERVICE_NAMES = ['core', 'devices', 'inference', 'simulators', 'station-worker'] as const;

/** @param root the folder, or archive, with package.json. */
export function resourcesAt(root: string): Resources {
  const service = (name: string): string => join(root, 'dist/services', `${name}.js`);
  return {
    renderer: join(root, 'dist/renderer'),
    preload: join(root, 'dist/desktop/preload.cjs'),
    services: {
      core: service('core'),
      devices: service('devices'),
      inference: service('inference'),
      simulators: service('simulators'),
      'station-worker': service('station-worker'),
    },
    models: join(root, 'native/inference/models'),
    hasStationWorker: existsSync(join(root, 'node_modules/@temporalio/worker/package.json')),
  };
}

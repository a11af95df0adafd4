/** Entry of the devices process: everything that talks to hardware. A crash of a native library ends only this. */
import { createBlobWriter } from '../core/vault/blob-file.ts';
import { createDevices } from '../../native/supervisor/devices.ts';
import { DEVICES_METHODS } from './interfaces.ts';
import { serveApi } from './rpc.ts';
import { runService } from './run-service.ts';
import { serviceLog } from './service-log.ts';

const devices = createDevices({ openSink: createBlobWriter, log: serviceLog('devices') });

runService({
  name: 'devices',
  onInit: async () => null,
  onPort: (_label, _detail, port) => serveApi(devices, DEVICES_METHODS, port),
  onStop: async () => devices.close(),
});

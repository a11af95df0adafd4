/**
 * Entry of the demonstration's simulated devices: a scale and two cameras on loopback ports. Their ids are the same at every run, so
 * that captures of yesterday belong to the same camera.
 */
import { z } from 'zod';
import type { DeviceConfiguration } from '../contract/index.ts';
import { derivedId, deviceConfigurationSchema } from '../contract/index.ts';
import { startCameraSimulator } from '../../native/simulator/camera.ts';
import { FUNDUS_FIELD_DEGREES } from '../../native/simulator/scenes/fundus.ts';
import { startScaleSimulator } from '../../native/simulator/scale.ts';
import type { SimulatorsReady } from './messages.ts';
import { runService } from './run-service.ts';

const LOOPBACK = '127.0.0.1';
const initSchema = z.object({ devices: z.array(deviceConfigurationSchema) });

const SCALE_ID = derivedId('demonstration', 'device', 'scale');
const BODY_CAMERA_ID = derivedId('demonstration', 'device', 'body-camera');
const FUNDUS_CAMERA_ID = derivedId('demonstration', 'device', 'fundus-camera');

let closeAll: () => Promise<void> = async () => undefined;

runService({
  name: 'simulators',
  onInit: async (raw): Promise<SimulatorsReady> => {
    const { devices: former } = initSchema.parse(raw);
    const portOf = (deviceId: string): number => {
      const address = former.find((device) => device.deviceId === deviceId)?.address;
      return address === undefined || address.type === 'serial' ? 0 : address.port;
    };
    const [scale, body, fundus] = await Promise.all([
      startScaleSimulator({ port: portOf(SCALE_ID), host: LOOPBACK }),
      startCameraSimulator({ port: portOf(BODY_CAMERA_ID), host: LOOPBACK, kind: 'body-camera', dialect: 'eos' }),
      startCameraSimulator({
        port: portOf(FUNDUS_CAMERA_ID),
        host: LOOPBACK,
        kind: 'fundus-camera',
        // So that the demonstration shows a gate and a retake.
        badFirstTry: true,
      }),
    ]);
    closeAll = async () => {
      await Promise.all([scale.close(), body.close(), fundus.close()]);
    };
    const devices: DeviceConfiguration[] = [
      {
        deviceId: SCALE_ID,
        kind: 'scale',
        name: 'Scale',
        room: 'Room 1',
        model: 'vantage-sim-scale',
        address: { type: 'tcp', host: LOOPBACK, port: scale.port },
        expectedSerial: scale.serial,
        simulated: true,
      },
      {
        deviceId: BODY_CAMERA_ID,
        kind: 'body-camera',
        name: 'Body camera',
        room: 'Room 1',
        model: 'vantage-sim-camera',
        address: { type: 'ptpip', host: LOOPBACK, port: body.port },
        expectedSerial: body.serial,
        simulated: true,
      },
      {
        deviceId: FUNDUS_CAMERA_ID,
        kind: 'fundus-camera',
        name: 'Fundus',
        room: 'Room 2',
        model: 'vantage-sim-camera',
        address: { type: 'ptpip', host: LOOPBACK, port: fundus.port },
        expectedSerial: fundus.serial,
        simulated: true,
        fieldAngleDegrees: FUNDUS_FIELD_DEGREES,
      },
    ];
    return { devices };
  },
  onPort: (_label, _detail, port) => port.close(),
  onStop: async () => closeAll(),
});

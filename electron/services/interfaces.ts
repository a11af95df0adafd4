/** Which methods the processes offer each other (see rpc.ts); the compiler holds it to the interfaces. */
import type { InferenceApi } from '../../native/inference/inference-api.ts';
import type { DevicesApi } from '../../native/supervisor/devices-api.ts';
import type { StationWorkApi } from '../core/station-work/station-work-api.ts';
import type { Methods } from './rpc.ts';

export const DEVICES_METHODS: Methods<DevicesApi> = {
  configure: true,
  watch: false,
  watchReadings: true,
  weigh: true,
  zero: true,
  reinstate: true,
  lastToken: true,
  capture: true,
  recover: true,
  release: true,
};

export const INFERENCE_METHODS: Methods<InferenceApi> = {
  judge: true,
  watch: false,
  verify: false,
};

/** Of core, for the station-worker. */
export const STATION_WORK_METHODS: Methods<StationWorkApi> = {
  line: false,
  takeUpAcceptance: true,
  runCheck: true,
  concludeAcceptance: true,
  giveUpAcceptance: true,
  prepareCalibration: true,
  readCalibration: true,
  putBackCalibration: true,
};

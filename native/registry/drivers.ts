/** How each driver is made from a model and an address. A new language is one entry here and a folder of its own. */
import { access } from 'node:fs/promises';
import { type DeviceConfiguration, VantageError } from '../../electron/contract/index.ts';
import { createPtpCameraDriver } from '../driver/camera-ptp.ts';
import type { CameraDriver, ScaleDriver } from '../driver/driver.ts';
import type { DeviceLog } from '../driver/outcome.ts';
import { createMtSicsScaleDriver } from '../driver/scale-mt-sics.ts';
import { createSerialTransport } from '../transport/serial.ts';
import { createTcpTransport } from '../transport/tcp.ts';
import { type Transport, TransportError } from '../transport/transport.ts';
import type { DeviceModel } from './models.ts';

export type AnyDriver = ScaleDriver | CameraDriver;

/** What a factory is given besides the configuration. */
export interface OpenContext {
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** Called when something answers at the address, before it has been spoken to. */
  readonly onDetected: () => void;
  readonly log: DeviceLog;
  /** ms since 1970. */
  readonly now: () => number;
}

type Factory<Name extends DeviceModel['driver']> = (
  model: Extract<DeviceModel, { readonly driver: Name }>,
  configuration: DeviceConfiguration,
  context: OpenContext,
) => Promise<AnyDriver>;

type DriverFactories = { readonly [Name in DeviceModel['driver']]: Factory<Name> };

export const DRIVER_FACTORIES: DriverFactories = {
  'mt-sics-scale': async (model, configuration, context) => {
    const { manufacturer, divisionKg } = model;
    const { deviceId } = configuration;
    const transport = await openByteStream(configuration, context);
    const { log, now } = context;
    return createMtSicsScaleDriver({ deviceId, transport, manufacturer, divisionKg, log, now });
  },
  // This driver connects at its first question, which is who it is.
  'ptp-camera': async (_model, configuration, context) => {
    const { address } = configuration;
    if (address.type !== 'ptpip') throw unreachable(configuration);
    const { host, port } = address;
    return createPtpCameraDriver(configuration, {
      connect: () => announced(createTcpTransport({ host, port }), context.onDetected),
    });
  },
};

/** An open serial port or TCP connection. */
async function openByteStream(configuration: DeviceConfiguration, context: OpenContext): Promise<Transport> {
  const { address } = configuration;
  switch (address.type) {
    case 'serial': {
      const { path, baudRate } = address;
      const there = process.platform === 'win32' || (await access(path).then(yes, no));
      if (!there) throw new TransportError('NOT_FOUND', `serial:${path} is not there`);
      context.onDetected();
      const transport = createSerialTransport({ path, baudRate });
      await transport.open(context.signal);
      return transport;
    }
    case 'tcp': {
      const transport = announced(createTcpTransport({ host: address.host, port: address.port }), context.onDetected);
      await transport.open(context.signal);
      return transport;
    }
    default:
      throw unreachable(configuration);
  }
}

/** The same transport, telling when it has been opened. */
function announced(transport: Transport, onOpen: () => void): Transport {
  return {
    address: transport.address,
    chunks: transport.chunks,
    closed: transport.closed,
    open: async (signal) => {
      await transport.open(signal);
      onOpen();
    },
    write: (bytes) => transport.write(bytes),
    close: () => transport.close(),
  };
}

function unreachable(configuration: DeviceConfiguration): VantageError {
  return new VantageError(
    'DEVICE_UNSUPPORTED',
    `${configuration.model} is not reached by ${configuration.address.type}`,
  );
}

const yes = (): boolean => true;
const no = (): boolean => false;

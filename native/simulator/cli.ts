/**
 * Runs one simulated device by itself until interrupted:
 *   npm run simulate -- scale  --port N | --path SERIAL  [--seed N] [--host H]
 *   npm run simulate -- camera --port N [--images DIR] [--kind body-camera|fundus-camera] [--seed N] [--host H]
 */
import { parseArgs } from 'node:util';
import type { CameraSimulatorOptions } from './camera.ts';
import { startScaleSimulator } from './scale.ts';

const USAGE = `usage:
  npm run simulate -- scale  --port N | --path SERIAL  [--seed N] [--host H]
  npm run simulate -- camera --port N [--images DIR] [--kind body-camera|fundus-camera] [--seed N] [--host H]`;

interface Running {
  readonly address: string;
  readonly serial: string;
  close(): Promise<void>;
}

class UsageError extends Error {}

if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit(0);
}
try {
  const running = await start(process.argv.slice(2));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void running.close();
    });
  }
  console.log(`${running.address} serial ${running.serial}`);
  console.log('ready');
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError) console.error(USAGE);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function start(argv: readonly string[]): Promise<Running> {
  const { device, values } = parse(argv);
  const seed = integer('seed', values.seed, 2 ** 31 - 1) ?? 1;
  const host = values.host ?? '127.0.0.1';
  if (device === 'scale') {
    if (values.path !== undefined) return startScaleSimulator({ path: values.path, seed });
    return startScaleSimulator({ port: required(values.port), host, seed });
  }
  // Drawing pictures loads an image library that a scale has no use for.
  const { startCameraSimulator } = await import('./camera.ts');
  const camera = await startCameraSimulator({
    port: required(values.port),
    host,
    seed,
    kind: cameraKind(values.kind),
    ...(values.images === undefined ? {} : { imagesDirectory: values.images }),
  });
  const { serial, port } = camera;
  return { serial, address: `ptpip://${host}:${port}`, close: () => camera.close() };
}

function parse(argv: readonly string[]): {
  readonly device: 'scale' | 'camera';
  readonly values: Partial<Record<'port' | 'path' | 'host' | 'seed' | 'images' | 'kind', string>>;
} {
  const option = { type: 'string' } as const;
  const options = { port: option, path: option, host: option, seed: option, images: option, kind: option };
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const [device, ...rest] = parsed.positionals;
  if ((device !== 'scale' && device !== 'camera') || rest.length > 0) {
    throw new UsageError('say which device to simulate: scale or camera');
  }
  return { device, values: parsed.values };
}

function required(port: string | undefined): number {
  const value = integer('port', port, 65_535);
  if (value === undefined) throw new UsageError('--port is needed (0 takes any free one)');
  return value;
}

function integer(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text) || Number(text) > most) throw new UsageError(`--${name} must be a number up to ${most}`);
  return Number(text);
}

function cameraKind(text: string | undefined): CameraSimulatorOptions['kind'] {
  if (text === undefined || text === 'body-camera' || text === 'fundus-camera') return text ?? 'body-camera';
  throw new UsageError('--kind must be body-camera or fundus-camera');
}

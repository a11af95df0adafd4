/**
 * Devices and inference of a clinic in which hundreds of visits have to go by in a minute: they answer at once, with small pictures that
 * are real JPEG, each another; small, they all look the same. What is between them and the cloud is the clinic's own.
 */
import { once } from 'node:events';
import sharp from 'sharp';
import type { DeviceKind, DeviceStatus, Judgement, Provenance, WrittenBlob } from '../../../electron/contract/index.ts';
import { derivedId } from '../../../electron/contract/index.ts';
import { createBlobWriter } from '../../../electron/core/vault/index.ts';
import type { InferenceApi } from '../../../native/inference/inference-api.ts';
import type { DevicesApi, WriteGrant } from '../../../native/supervisor/devices-api.ts';

const SIZE = { width: 96, height: 96 } as const;
const HASH = 'a'.repeat(64);
const FORMULA: Provenance = {
  model: 're-blur-sharpness',
  version: '1',
  sha256: HASH,
  provider: 'cpu',
  runtime: 'proof',
  durationMs: 1,
};

export interface QuickParts {
  readonly devices: DevicesApi;
  readonly inference: InferenceApi;
  /** What is said of the next picture. */
  passes: boolean;
}

/** @param now the clinic's clock */
export async function quickParts(now: () => Date): Promise<QuickParts> {
  const raw = { create: { ...SIZE, channels: 3 as const, background: '#a06040' } };
  const [jpeg, png] = [await sharp(raw).jpeg().toBuffer(), await sharp(raw).png().toBuffer()];
  let files = 0;
  /** What stands behind the end of a picture belongs to no decoder. */
  const another = (picture: Buffer): Buffer => Buffer.concat([picture, Buffer.from(`another ${(files += 1)}`)]);
  const failed = new Set<string>();

  const devices: DevicesApi = {
    configure: async () => undefined,
    watch: async (options) =>
      (async function* () {
        yield STATUSES;
        if (options?.signal !== undefined && !options.signal.aborted) await once(options.signal, 'abort');
      })(),
    watchReadings: async () => (async function* () {})(),
    weigh: async ({ deviceId }) => {
      const at = now().toISOString();
      return {
        kind: 'completed',
        value: { deviceId, kg: 72.5, errorKg: 0.1, divisionKg: 0.05, at, raw: 'S S 72.50 kg' },
      };
    },
    zero: async () => ({ kind: 'completed', value: { at: now().toISOString() } }),
    lastToken: async () => ({ kind: 'completed', value: { token: String(files) } }),
    capture: async ({ grant }) =>
      (async function* () {
        const object = await write(grant, another(jpeg));
        if (!parts.passes) failed.add(object.sha256);
        const value = {
          ...object,
          token: object.sha256,
          filename: 'IMG.JPG',
          mediaType: 'image/jpeg',
          takenAt: null,
          settings: {},
        };
        yield { type: 'outcome' as const, outcome: { kind: 'completed' as const, value } };
      })(),
    recover: async () => {
      throw new Error('no reply is ever lost here');
    },
    release: async () => ({ kind: 'completed', value: { removed: true } }),
    reinstate: async () => undefined,
  };
  const inference: InferenceApi = {
    verify: async () => [],
    judge: async ({ request, thumbnail, overlay }): Promise<Judgement> => {
      const passed = !failed.delete(request.sha256);
      const wanted = passed ? request.findings : [];
      return {
        sha256: request.sha256,
        passed,
        ...SIZE,
        checks: request.gates.map((id) => ({
          id,
          passed,
          value: passed ? 9 : 4,
          limit: 6,
          direction: 'at-least' as const,
          unit: 'ratio' as const,
          reason: passed ? null : ('soft' as const),
          provenance: FORMULA,
        })),
        tiles: [],
        field: null,
        findings: wanted.map((kind) => ({
          kind,
          values: [
            {
              measure: 'vessel-area' as const,
              region: 'whole' as const,
              value: 12,
              standardError: 0.5,
              unit: 'percent' as const,
            },
          ],
          provenance: { ...FORMULA, model: kind },
        })),
        findingsMissing: passed || request.findings.length === 0 ? null : 'image-failed',
        thumbnail: await written(thumbnail, jpeg, 'image/jpeg'),
        overlay: wanted.length === 0 ? null : await written(overlay, another(png), 'image/png'),
        durationMs: 1,
      };
    },
    watch: async (options) =>
      (async function* () {
        yield { runtime: 'proof', models: [] };
        if (options?.signal !== undefined && !options.signal.aborted) await once(options.signal, 'abort');
      })(),
  };
  const parts: QuickParts = { devices, inference, passes: true };
  return parts;
}

async function write(grant: WriteGrant, bytes: Buffer): Promise<{ readonly sha256: string; readonly size: number }> {
  const sink = await createBlobWriter(grant);
  await sink.write(bytes);
  return sink.finish();
}

async function written(grant: WriteGrant, bytes: Buffer, mediaType: string): Promise<WrittenBlob> {
  return { ...(await write(grant, bytes)), mediaType, ...SIZE };
}

const STATUSES: readonly DeviceStatus[] = (['scale', 'body-camera', 'fundus-camera'] as const).map(statusOf);

function statusOf(kind: DeviceKind): DeviceStatus {
  return {
    deviceId: derivedId('sync-proof', 'device', kind),
    kind,
    name: kind,
    room: 'Room 1',
    state: 'ready',
    since: '2026-01-01T00:00:00.000Z',
    generation: 1,
    identity: { manufacturer: 'Vantage', model: kind, serial: `proof-${kind}`, firmware: '1' },
    simulated: true,
    problem: null,
  };
}

/** What a worker needs besides Temporal, from the environment. `.env.example` lists it. */
import { z } from 'zod';
import { builtInFusion } from '../activities/fusion/built-in-fusion.ts';
import { flowiseFusion } from '../activities/fusion/flowise-fusion.ts';
import type { FusionEngine } from '../activities/fusion/fusion-engine.ts';
import type { InternalApiOptions } from '../activities/internal-api.ts';
import type { Notifier } from '../activities/notifier.ts';
import { NO_NOTIFIER, webhookNotifier } from '../activities/notifier.ts';
import { readKeys } from '../codec/keys.ts';
import type { NamedKey } from '../codec/keys.ts';
import type { Timing } from '../definitions/timing.ts';
import { timingSchema } from '../definitions/timing.ts';

export interface WorkerConfig {
  readonly api: InternalApiOptions;
  readonly keys: readonly NamedKey[];
  readonly timing: Timing;
  readonly fusion: FusionEngine;
  readonly notifier: Notifier;
  /** File of workflows that were bundled before (`main.ts --bundle FILE`); null: they are bundled at the start. */
  readonly bundleFile: string | null;
  /** Of a collector of traces. */
  readonly traces: string | null;
}

/** An answer is given up before the activity is. */
const FUSION_SHARE = 0.9;
const SECRET_BYTES = 32;

const environmentSchema = z.object({
  API_PUBLIC_URL: z.url(),
  /** Where workers reach it, if not there. */
  INTERNAL_API_URL: z.url().optional(),
  INTERNAL_API_SECRET: z.base64(),
  WORKFLOW_KEYS: z.string().min(1),
  /** JSON with any of the waits of `timing.ts`, in milliseconds. */
  WORKFLOW_TIMING: z.string().default('{}'),
  WORKFLOW_BUNDLE: z.string().min(1).optional(),
  FLOWISE_URL: z.url().optional(),
  FLOWISE_FLOW: z.string().min(1).default('multi-modal-fusion'),
  FLOWISE_API_KEY: z.string().min(1).optional(),
  NOTIFIER_URL: z.url().optional(),
  NOTIFIER_TOKEN: z.string().min(1).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
});

/** @throws Error that names each variable that is missing or wrong, never its value */
export function workerConfigOf(environment: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const read = environmentSchema.safeParse(environment);
  if (!read.success) {
    const names = new Set(read.error.issues.map((issue) => String(issue.path[0])));
    throw new Error(`missing or wrong in the environment: ${[...names].join(', ')}`);
  }
  const values = read.data;
  const secret = Buffer.from(values.INTERNAL_API_SECRET, 'base64');
  if (secret.length < SECRET_BYTES) throw new Error(`INTERNAL_API_SECRET is shorter than ${SECRET_BYTES} bytes`);
  const audience = values.API_PUBLIC_URL.replace(/\/$/, '');
  const timing = timingOf(values.WORKFLOW_TIMING);
  return {
    api: { baseUrl: (values.INTERNAL_API_URL ?? audience).replace(/\/$/, ''), audience, secret },
    keys: keysOf(values.WORKFLOW_KEYS),
    timing,
    fusion:
      values.FLOWISE_URL === undefined
        ? builtInFusion()
        : flowiseFusion({
            url: values.FLOWISE_URL,
            flow: values.FLOWISE_FLOW,
            apiKey: values.FLOWISE_API_KEY,
            timeoutMs: Math.round(timing.fusion * FUSION_SHARE),
          }),
    notifier:
      values.NOTIFIER_URL === undefined ? NO_NOTIFIER : webhookNotifier(values.NOTIFIER_URL, values.NOTIFIER_TOKEN),
    bundleFile: values.WORKFLOW_BUNDLE ?? null,
    traces: values.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
  };
}

function keysOf(text: string): readonly NamedKey[] {
  try {
    return readKeys(text);
  } catch {
    throw new Error('missing or wrong in the environment: WORKFLOW_KEYS');
  }
}

function timingOf(text: string): Timing {
  try {
    return timingSchema.strict().parse(JSON.parse(text));
  } catch {
    throw new Error('missing or wrong in the environment: WORKFLOW_TIMING');
  }
}

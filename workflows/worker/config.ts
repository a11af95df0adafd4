/** What a worker needs besides Temporal, from the environment. `.env.example` lists it. */
import { z } from 'zod';
import { builtInFusion } from '../activities/fusion/built-in-fusion.ts';
import { flowiseFusion } from '../activities/fusion/flowise-fusion.ts';
import type { FusionEngine } from '../activities/fusion/fusion-engine.ts';
import type { InternalApiOptions } from '../activities/internal-api.ts';
import type { Notifier } from '../activities/notifier.ts';
import { InternalApi } from '../activities/internal-api.ts';
import { NO_NOTIFIER, webhookNotifier } from '../activities/notifier.ts';
import { allNotifiers, directNotifier } from '../activities/notices/direct-notifier.ts';
import { mailSender } from '../activities/notices/mail.ts';
import { pushSender } from '../activities/notices/push.ts';
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
  /** For notices to browsers: a private key on P-256, 32 bytes in base64url, and whom push services may ask. */
  PUSH_PRIVATE_KEY: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional(),
  PUSH_CONTACT: z.url({ protocol: /^(mailto|https)$/ }).optional(),
  PUSH_SERVICES: z.string().default(''),
  /** For notices by mail. */
  MAIL_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: z.string().min(3).optional(),
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
  const api = { baseUrl: (values.INTERNAL_API_URL ?? audience).replace(/\/$/, ''), audience, secret };
  return {
    api,
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
    notifier: notifierOf(values, api, audience),
    bundleFile: values.WORKFLOW_BUNDLE ?? null,
    traces: values.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
  };
}

/** @throws Error that names what is missing beside what is set */
function notifierOf(values: z.output<typeof environmentSchema>, api: InternalApiOptions, pageUrl: string): Notifier {
  const { NOTIFIER_URL, NOTIFIER_TOKEN, PUSH_PRIVATE_KEY, PUSH_CONTACT, PUSH_SERVICES, MAIL_URL, MAIL_FROM } = values;
  if ((PUSH_PRIVATE_KEY === undefined) !== (PUSH_CONTACT === undefined)) {
    throw new Error('missing or wrong in the environment: PUSH_PRIVATE_KEY, PUSH_CONTACT');
  }
  if ((MAIL_URL === undefined) !== (MAIL_FROM === undefined)) {
    throw new Error('missing or wrong in the environment: MAIL_URL, MAIL_FROM');
  }
  const services = PUSH_SERVICES.split(',').filter((origin) => origin !== '');
  const push =
    PUSH_PRIVATE_KEY === undefined || PUSH_CONTACT === undefined
      ? null
      : pushSender({ privateKey: PUSH_PRIVATE_KEY, contact: PUSH_CONTACT, services });
  const mail =
    MAIL_URL === undefined || MAIL_FROM === undefined ? null : mailSender({ url: MAIL_URL, from: MAIL_FROM, pageUrl });
  const notifiers = [
    ...(NOTIFIER_URL === undefined ? [] : [webhookNotifier(NOTIFIER_URL, NOTIFIER_TOKEN)]),
    ...(push === null && mail === null ? [] : [directNotifier({ directory: new InternalApi(api), push, mail })]),
  ];
  return notifiers.length === 0 ? NO_NOTIFIER : allNotifiers(notifiers);
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

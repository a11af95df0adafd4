/** What an answer, or the lack of one, is called. Somebody else's answer is told from the cloud's own. */
import { z } from 'zod';
import type { ProblemCode } from '../../contract/index.ts';
import { VantageError, problemCodeSchema } from '../../contract/index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** As `cloudErrorSchema`, but with any code: a newer cloud has codes that this program does not know. */
const errorBodySchema = z.object({
  code: z.string().max(100),
  requestId: z.string().max(200),
  waitSeconds: z.number().nonnegative().optional(),
});

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'INPUT_INVALID',
  401: 'NOT_SIGNED_IN',
  403: 'NOT_ALLOWED',
  404: 'NOT_FOUND',
  408: 'CLOUD_UNREACHABLE',
  409: 'STATUS_CONFLICT',
  413: 'INPUT_INVALID',
  426: 'UPDATE_NEEDED',
  429: 'TOO_MANY_REQUESTS',
  507: 'CLOUD_FULL',
};
/** What a proxy in front of the cloud answers by itself, in whatever format: it says something about the cloud, not about whose it is. */
const OF_A_PROXY: ReadonlySet<number> = new Set([408, 413, 429, 500, 502, 503, 504]);
/** Longest that a Retry-After is believed. */
const LONGEST_WAIT_SECONDS = 3600;

/** The failure that an answer tells, or null for one that succeeded. Nothing of its text is repeated. */
export function failureOf(answer: Answer, now: number): VantageError | null {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return null;
  // The API never redirects; sign-in pages of networks do. 511: RFC 6585, 6.
  if (status < 400 || status === 511) return captive(status);
  const own = errorBodyOf(answer);
  const waitSeconds = own?.waitSeconds ?? retryAfterSeconds(headers, now);
  const extra = waitSeconds === null ? {} : { waitSeconds: Math.min(waitSeconds, LONGEST_WAIT_SECONDS) };
  if (own !== null) {
    const known = problemCodeSchema.safeParse(own.code);
    return new VantageError(known.success ? known.data : codeOfStatus(status), `request ${own.requestId}`, extra);
  }
  if (status === 407) return new VantageError('CLOUD_UNREACHABLE', 'the proxy asks for a password');
  if (OF_A_PROXY.has(status)) return new VantageError(codeOfStatus(status), `status ${status}`, extra);
  return captive(status);
}

function codeOfStatus(status: number): ProblemCode {
  return BY_STATUS[status] ?? (status >= 500 ? 'CLOUD_UNAVAILABLE' : 'INTERNAL');
}

function captive(status: number): VantageError {
  return new VantageError('CLOUD_CAPTIVE', `status ${status}`);
}

/** The answer's JSON in the shape that was asked for. @throws VantageError CLOUD_CAPTIVE: the cloud would not have said that */
export function parsedAnswer<T>(answer: Answer, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOf(answer));
  if (parsed.success) return parsed.data;
  // Path and kind only: the value may be anything.
  const [issue] = parsed.error.issues;
  throw new VantageError(
    'CLOUD_CAPTIVE',
    `not the cloud’s answer: ${issue?.path.join('.') ?? ''} ${issue?.code ?? ''}`,
  );
}

/** Whether a page for people came instead of an answer. */
export function isPage(headers: Headers): boolean {
  return /^(text\/html|application\/xhtml)/i.test(headers.get('content-type') ?? '');
}

/** Whether this is one of the API's own refusals. */
export function errorBodyOf(answer: Answer): z.infer<typeof errorBodySchema> | null {
  const parsed = errorBodySchema.safeParse(jsonOf(answer));
  return parsed.success ? parsed.data : null;
}

function jsonOf({ headers, body }: Answer): unknown {
  if (!/^application\/json\b/i.test(headers.get('content-type') ?? '')) return null;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')) as unknown;
  } catch {
    return null;
  }
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterSeconds(headers: Headers, now: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
}

/** A certificate that was made for somebody else, or by nobody whom this computer knows. */
const FOREIGN_CERTIFICATE: ReadonlySet<string> = new Set([
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** From what `fetch` threw: CLOUD_UNREACHABLE, or CLOUD_CAPTIVE when somebody else holds the line. */
export function lineFailure(error: unknown): VantageError {
  if (error instanceof VantageError) return error;
  const code = causeCodeOf(error);
  return FOREIGN_CERTIFICATE.has(code)
    ? new VantageError('CLOUD_CAPTIVE', code, { cause: error })
    : new VantageError('CLOUD_UNREACHABLE', code, { cause: error });
}

/** The code of the innermost cause that has one: `fetch` wraps what happened. */
function causeCodeOf(error: unknown): string {
  let code = '';
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth += 1) {
    if ('code' in each && typeof each.code === 'string') code = each.code;
  }
  return code;
}

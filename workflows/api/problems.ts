/** From anything thrown to an HTTP answer with one of the contract's codes. */
import { ZodError } from 'zod';
import type { CloudError, ProblemCode } from '../../electron/contract/index.ts';
import { VantageError } from '../../electron/contract/index.ts';

export interface HttpProblem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: CloudError;
}

/** A refusal whose status, or headers, its code alone does not say. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  override readonly cause: VantageError;
  constructor(status: number, cause: VantageError, headers: Readonly<Record<string, string>> = {}) {
    super(cause.message);
    this.status = status;
    this.headers = headers;
    this.cause = cause;
  }
}

const STATUS: Readonly<Partial<Record<ProblemCode, number>>> = {
  INPUT_INVALID: 400,
  NOT_SIGNED_IN: 401,
  NOT_ALLOWED: 403,
  STATION_REFUSED: 403,
  ENROLMENT_REFUSED: 403,
  TEMPORAL_PAGE_UNASSIGNED: 403,
  NOT_FOUND: 404,
  ONLY_AT_STATION: 404,
  NOT_IN_CLOUD_YET: 404,
  SIGN_IN_AGAIN: 403,
  LOOK_ONLY: 405,
  STATUS_CONFLICT: 409,
  ALREADY_DECIDED: 409,
  REPORT_CHANGED: 409,
  FILE_TOO_LARGE: 413,
  UPDATE_NEEDED: 426,
  CLOUD_OLDER: 426,
  TOO_MANY_REQUESTS: 429,
  CLOUD_UNAVAILABLE: 503,
  CLOUD_FULL: 507,
};
/** What a caller waits before it asks again. */
const RETRY_SECONDS = 5;

/** Details are of our own making only: a message of PostgreSQL or of a parser may quote what was sent. */
export function problemOf(error: unknown, requestId: string): HttpProblem {
  if (error instanceof Refusal) {
    return { ...problemOf(error.cause, requestId), status: error.status, headers: error.headers };
  }
  const known = asVantageError(error);
  const status = STATUS[known.code] ?? 500;
  const waitSeconds = known.extra.waitSeconds ?? (status === 503 ? RETRY_SECONDS : undefined);
  return {
    status: statusOfFastify(error) ?? status,
    headers: {},
    body: {
      code: known.code,
      detail: known.detail.slice(0, 500),
      requestId,
      ...(waitSeconds !== undefined && { waitSeconds }),
    },
  };
}

function asVantageError(error: unknown): VantageError {
  if (error instanceof VantageError) return error;
  if (error instanceof ZodError) {
    const path = error.issues[0]?.path.map(String).join('.') ?? '';
    return new VantageError('INPUT_INVALID', path, { field: path });
  }
  // What was sent is nothing that the database can keep (SQLSTATE class 22).
  if (sqlStateOf(error).startsWith('22')) return new VantageError('INPUT_INVALID');
  if (isUnavailable(error)) return new VantageError('CLOUD_UNAVAILABLE');
  if (statusOfFastify(error) !== null)
    return new VantageError('INPUT_INVALID', String((error as { code: unknown }).code));
  return new VantageError('INTERNAL');
}

/** Fastify's own refusals: a body that is no JSON, too large, of another media type. */
function statusOfFastify(error: unknown): number | null {
  if (!(error instanceof Error) || !('code' in error) || !('statusCode' in error)) return null;
  const { code, statusCode } = error;
  if (typeof code !== 'string' || !code.startsWith('FST_') || typeof statusCode !== 'number') return null;
  return statusCode >= 400 && statusCode < 500 ? statusCode : null;
}

/**
 * PostgreSQL: connection exceptions (08), out of resources (53), locks and timeouts (55P03, 57014, 25P03), shutdown and standby
 * (57P0x, 55000), deadlock and serialisation (40). All of them pass.
 */
const PASSING = /^(08|53|40|57P0|55000|55P03|57014|25P03)/;
const UNREACHABLE: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND']);

function sqlStateOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = sqlStateOf(error);
  return (
    PASSING.test(code) ||
    UNREACHABLE.has(code) ||
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
      error.message,
    )
  );
}

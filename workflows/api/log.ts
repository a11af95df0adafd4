/**
 * Structured logs. What is written is chosen field by field: ids, codes, numbers, names of routes. Never a body, a query, a header,
 * an address with its parameters, or the message of an error that may quote a value.
 */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service: 'vantage-api' },
    serializers: { err: describeError },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

interface ErrorDescription {
  readonly type: string;
  /** Ours, Node's, or PostgreSQL's SQLSTATE. */
  readonly code: string | undefined;
  /** PostgreSQL: names only. */
  readonly constraint: string | undefined;
  /** Where in the program; without the message, which PostgreSQL and zod fill with values. */
  readonly at: readonly string[];
  readonly cause: ErrorDescription | undefined;
}

/** What may be known of an error outside. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error))
    return { type: typeof error, code: undefined, constraint: undefined, at: [], cause: undefined };
  const field = (name: string): string | undefined => {
    const value: unknown = (error as unknown as Readonly<Record<string, unknown>>)[name];
    return typeof value === 'string' ? value : undefined;
  };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    code: field('code'),
    constraint: field('constraint'),
    at: frames.slice(0, 8).map((line) => line.trim()),
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}

/** What host and service say to each other over the private channel. */
import type { ProblemCode } from '../contract/index.ts';
import { VantageError } from '../contract/index.ts';

export type ToService =
  | { readonly type: 'init'; readonly buildId: string; readonly init: unknown }
  /** One port comes along. */
  | { readonly type: 'port'; readonly label: string; readonly detail: unknown }
  | { readonly type: 'request'; readonly id: number; readonly message: unknown }
  /** What the service asked for has been done, or was refused. */
  | { readonly type: 'answer'; readonly id: number; readonly failure: Failure | null }
  /** Whether its event loop still turns. */
  | { readonly type: 'ping' }
  | { readonly type: 'stop' };

export type FromService =
  | { readonly type: 'hello'; readonly name: string; readonly buildId: string }
  | { readonly type: 'ready'; readonly result: unknown }
  /** It could not begin, and trying again by itself would not help. It ends after this. */
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'pong' }
  /** The service asks something of its host. */
  | { readonly type: 'ask'; readonly id: number; readonly message: unknown }
  | { readonly type: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly failure: Failure };

/** A {@link VantageError} on its way between processes. */
export interface Failure {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly extra: { readonly field?: string; readonly waitSeconds?: number };
}

/** What went wrong, as data. Anything but a VantageError is INTERNAL, with only its class as detail: messages may hold data. */
export function failureOf(error: unknown): Failure {
  if (error instanceof VantageError) return { code: error.code, detail: error.detail, extra: error.extra };
  return { code: 'INTERNAL', detail: error instanceof Error ? error.name : typeof error, extra: {} };
}

export function errorOf(failure: Failure): VantageError {
  return new VantageError(failure.code, failure.detail, failure.extra);
}

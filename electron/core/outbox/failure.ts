/** From what the Temporal client throws to what the outbox does about it. Pure; knows the client's errors by their names only. */
import { REFUSALS, VantageError } from '../../contract/index.ts';
import type { Refusal } from '../../contract/index.ts';
import type { DeliveryResult } from './sender.ts';

/** Of gRPC (`grpc/doc/statuscodes.md`). */
const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;
type StatusName = (typeof STATUS_NAMES)[number];

const AWAY: ReadonlySet<StatusName> = new Set(['CANCELLED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE', 'RESOURCE_EXHAUSTED']);
const DENIED: ReadonlySet<StatusName> = new Set(['PERMISSION_DENIED', 'UNAUTHENTICATED', 'UNIMPLEMENTED']);
const INTERNAL = STATUS_NAMES.indexOf('INTERNAL');
const BROKEN_STREAM = /RST_STREAM|Call ended without gRPC status/i;
/** Deeper than the client ever nests. */
const CAUSES = 5;

/** @param answered whether the cloud had answered anything before: then it is there, and a deadline says that it waits for a worker. */
export function resultOf(error: unknown, answered = false): DeliveryResult {
  if (isNamed(error, 'NamespaceNotFoundError')) return { kind: 'denied', code: 'NAMESPACE_NOT_FOUND' };
  // What this station is set up with is not there, or not enough.
  if (error instanceof VantageError && error.code === 'WORKFLOWS_REFUSED')
    return { kind: 'denied', code: error.detail };
  if (error instanceof VantageError && error.code === 'WORKFLOWS_KEYS_MISSING') return { kind: 'keyless' };
  const refusal = refusalOf(error);
  if (refusal === 'INVALID') return { kind: 'invalid', code: refusal };
  if (refusal !== null) return { kind: 'refused', reason: refusal };
  const status = statusOf(error);
  if (status === null) return { kind: 'failed', code: error instanceof Error ? error.name : 'UNKNOWN' };
  if (status === 'INVALID_ARGUMENT') return { kind: 'invalid', code: status };
  if (DENIED.has(status)) return { kind: 'denied', code: status };
  if (answered && status === 'DEADLINE_EXCEEDED') return { kind: 'unattended' };
  // Workers have died with the workflow's task, several in a row: it takes no message until one has done it.
  if (status === 'FAILED_PRECONDITION') return { kind: 'unattended' };
  if (AWAY.has(status)) return { kind: 'away', code: status, timedOut: status === 'DEADLINE_EXCEEDED' };
  return { kind: 'failed', code: status };
}

/** The workflow has ended and was not started again. */
export function isAlreadyStarted(error: unknown): boolean {
  return isNamed(error, 'WorkflowExecutionAlreadyStartedError');
}

/** The workflow, or an update of it, is not known. */
export function isNotFound(error: unknown): boolean {
  return isNamed(error, 'WorkflowNotFoundError') || (refusalOf(error) === null && statusOf(error) === 'NOT_FOUND');
}

/** The code stands at the error or, where the client has wrapped it, at its cause. */
function statusOf(error: unknown): StatusName | null {
  let current = error;
  for (let depth = 0; depth < CAUSES && current instanceof Error; depth += 1) {
    // A code of Node's own (`ECONNRESET`) is a string.
    if ('code' in current && typeof current.code === 'number') {
      return isBrokenStream(current) ? 'UNAVAILABLE' : (STATUS_NAMES[current.code] ?? null);
    }
    current = current.cause;
  }
  return null;
}

/** INTERNAL as gRPC's own client says it of a connection that broke under a call; a server's is something else. */
function isBrokenStream(error: Error): boolean {
  const details = 'details' in error && typeof error.details === 'string' ? error.details : '';
  return 'code' in error && error.code === INTERNAL && BROKEN_STREAM.test(details);
}

/** Of an update that was turned down by its validator, or failed: an application failure whose type is the reason. */
function refusalOf(error: unknown): Refusal | null {
  if (!isNamed(error, 'WorkflowUpdateFailedError')) return null;
  const { cause } = error as Error;
  const type = typeof cause === 'object' && cause !== null && 'type' in cause ? cause.type : null;
  return REFUSALS.find((each) => each === type) ?? null;
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

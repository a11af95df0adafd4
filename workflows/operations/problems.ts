/** What can go wrong at the command line: a code, what happened, and the one thing to do. Never a payload, a key or a token. */
import {
  IllegalStateError,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { SealBrokenError } from '../api/uploads/sealing.ts';
import { VantageError } from '../../electron/contract/index.ts';

interface OperationProblem {
  /** Plain, past tense. */
  readonly happened: string;
  readonly action: string;
}

export const OPERATION_PROBLEMS = {
  NOT_CONFIGURED: {
    happened: 'No Temporal service is configured.',
    action: 'Set TEMPORAL_ADDRESS (.env.example lists the rest), or start a development server: npm run temporal:up',
  },
  CONFIGURATION_WRONG: {
    happened: 'The configuration can not be used.',
    action: 'Correct what is named; .env.example describes it.',
  },
  UNREACHABLE: {
    happened: 'Temporal did not answer.',
    action:
      'Check TEMPORAL_ADDRESS, the certificates and the network; for the development server: npm run temporal:logs',
  },
  REFUSED: {
    happened: 'Temporal does not let this caller do that.',
    action: 'Check the certificate or API key, and what its identity may do in this namespace.',
  },
  NAMESPACE_UNKNOWN: {
    happened: 'There is no such namespace.',
    action: 'Check TEMPORAL_NAMESPACE.',
  },
  NO_WORKER: {
    happened: 'No worker answered for the workflow.',
    action: 'Check that a worker of its task queue runs (npm run worker), then ask again.',
  },
  WORKFLOW_UNKNOWN: {
    happened: 'There is no such workflow, or it has ended.',
    action: 'Look for it: npm run workflow -- list',
  },
  ALREADY_STARTED: {
    happened: 'A workflow about this has run already: each subject has one.',
    action: 'Look at it: npm run workflow -- describe ID',
  },
  ID_INVALID: {
    happened: 'That is no id of a workflow.',
    action: 'Give the subject and its UUID, as in session-0198c0de-0000-7000-8000-000000000000.',
  },
  ARGUMENT_INVALID: {
    happened: 'An argument can not be right.',
    action: 'Correct it; npm run workflow -- --help describes the commands.',
  },
  REASON_MISSING: {
    happened: 'Terminating a workflow needs a reason, which stays in its history.',
    action:
      'Add --reason TEXT, without anything about a patient. Where the workflow can still tidy up, cancel it instead.',
  },
  KEYS_MISSING: {
    happened: 'What is sent is always encrypted, and the key for it is not here.',
    action: 'Set WORKFLOW_KEYS, as the workers have it.',
  },
  NOT_UNDERSTOOD: {
    happened: 'The workflow knows no such message or query.',
    action: 'Use one of those that are named.',
  },
  MESSAGE_REFUSED: {
    happened: 'The workflow refused the message; nothing was changed.',
    action: 'Look where it stands: npm run workflow -- query ID getState',
  },
  NOT_REGISTERED: {
    happened: 'Search attributes are missing, and can not be registered from here.',
    action: 'Run the commands that are shown, then this again.',
  },
  TYPE_DIFFERS: {
    happened: 'A search attribute is registered with another type than the workflows use.',
    action: 'Use another namespace, or remove the attribute and register it anew; lists by it are empty until then.',
  },
  SCHEDULE_FOREIGN: {
    happened: 'A schedule of somebody else has an id of ours.',
    action: 'Look at it, and delete or rename it: temporal schedule describe --schedule-id ID',
  },
  ARCHIVE_DAMAGED: {
    happened: 'Archived histories do not read back as they were written.',
    action: 'Keep the storage as it is, and put those that are named back from its backup.',
  },
  ARCHIVE_UNKNOWN: {
    happened: 'No such history is archived.',
    action: 'Check id and run: describe shows both while Temporal still has the workflow.',
  },
  FAILED: {
    happened: 'It did not work.',
    action: 'Try again; npm run temporal:logs or the log of the service may say more.',
  },
} as const satisfies Readonly<Record<string, OperationProblem>>;
export type OperationCode = keyof typeof OPERATION_PROBLEMS;

export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: OperationCode;
  /** Of our own making: names, ids and codes. */
  readonly detail: string;

  constructor(code: OperationCode, detail = '', cause?: unknown) {
    super(detail === '' ? code : `${code}: ${detail}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
  }
}

/** Codes of gRPC. */
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** From anything that Temporal's client or we throw. */
export function operationErrorOf(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  if (error instanceof VantageError) {
    return new OperationError('ARGUMENT_INVALID', error.extra.field ?? error.detail, error);
  }
  if (error instanceof WorkflowNotFoundError) return new OperationError('WORKFLOW_UNKNOWN', error.workflowId, error);
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new OperationError('ALREADY_STARTED', error.workflowId, error);
  }
  if (error instanceof QueryNotRegisteredError) return new OperationError('NOT_UNDERSTOOD', '', error);
  if (error instanceof QueryRejectedError) return new OperationError('WORKFLOW_UNKNOWN', '', error);
  if (error instanceof WorkflowUpdateFailedError) {
    const cause = error.cause as { readonly type?: unknown } | undefined;
    return new OperationError('MESSAGE_REFUSED', typeof cause?.type === 'string' ? cause.type : '', error);
  }
  if (error instanceof SealBrokenError) return new OperationError('ARCHIVE_DAMAGED', '', error);
  if (error instanceof ValueError || error instanceof IllegalStateError) {
    return new OperationError('KEYS_MISSING', error.message, error);
  }
  return new OperationError(codeOfGrpc(grpcCodeOf(error)), '', error);
}

export function grpcCodeOf(error: unknown): number | null {
  const cause = error instanceof ServiceError ? error.cause : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : null;
  return typeof code === 'number' ? code : null;
}

function codeOfGrpc(code: number | null): OperationCode {
  switch (code) {
    case UNAVAILABLE:
      return 'UNREACHABLE';
    // That Temporal itself answers was made sure of before.
    case DEADLINE_EXCEEDED:
    case FAILED_PRECONDITION:
      return 'NO_WORKER';
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return 'REFUSED';
    case NOT_FOUND:
      return 'WORKFLOW_UNKNOWN';
    case ALREADY_EXISTS:
      return 'ALREADY_STARTED';
    case INVALID_ARGUMENT:
      return 'ARGUMENT_INVALID';
    default:
      return 'FAILED';
  }
}

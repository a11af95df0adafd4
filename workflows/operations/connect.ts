/** A client for operators: where Temporal is as for everything else (`client/temporal-config.ts`), and the keys where they are here. */
import { Client, Connection } from '@temporalio/client';
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import { temporalConfigOf } from '../client/temporal-config.ts';
import { clientConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import { failureConverter } from '../codec/failure-converter.ts';
import { ENCRYPTED } from '../codec/opened-history.ts';
import type { TenantKeys } from '../codec/keys.ts';
import { derivedKeys, readKeys } from '../codec/keys.ts';
import { OperationError, grpcCodeOf, operationErrorOf } from './problems.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Until it is said that nobody answers. */
const ANSWER_MS = 10_000;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

export interface Operations {
  readonly connection: Connection;
  readonly namespace: string;
  /** Null: nothing is decoded, and nothing with a payload can be sent. */
  readonly keys: TenantKeys | null;
  /** Sends under this tenant's key; null: reads only. */
  readonly clientOf: (tenantId: string | null) => Client;
  /** Gives every call within a limit: none waits for ever. */
  readonly asked: <T>(work: () => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** Reaches Temporal, and says why not where it can't. @throws OperationError */
export async function connect(environment: Environment): Promise<Operations> {
  const config = configured(() => temporalConfigOf(environment));
  if (config === null) throw new OperationError('NOT_CONFIGURED');
  const keyText = environment['WORKFLOW_KEYS'] ?? '';
  const keys = keyText === '' ? null : configured(() => derivedKeys(readKeys(keyText)), 'WORKFLOW_KEYS');
  const connection = Connection.lazy(config.connection);
  const { namespace } = config;
  const asked: Operations['asked'] = async (work) => connection.withDeadline(Date.now() + ANSWER_MS, work);
  try {
    await asked(async () => connection.workflowService.describeNamespace({ namespace }));
  } catch (error) {
    await connection.close();
    throw unreached(error, config.connection.address, namespace);
  }
  return {
    connection,
    namespace,
    keys,
    clientOf: (tenantId) =>
      new Client({
        connection,
        namespace,
        dataConverter: keys === null ? SEALED : clientConverter(new EncryptionCodec(keys, tenantId)),
      }),
    asked,
    close: async () => connection.close(),
  };
}

function configured<T>(read: () => T, name = ''): T {
  try {
    return read();
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    throw new OperationError('CONFIGURATION_WRONG', name === '' ? said : `${name}: ${said}`, error);
  }
}

function unreached(error: unknown, address: string, namespace: string): OperationError {
  switch (grpcCodeOf(error)) {
    case NOT_FOUND:
      return new OperationError('NAMESPACE_UNKNOWN', namespace, error);
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return operationErrorOf(error);
    default:
      return new OperationError('UNREACHABLE', address, error);
  }
}

/** The string takes the place of any value: whoever reads it gets nothing else without the key. */
function fromSealed(payload: Payload): unknown {
  const encoding = Buffer.from(payload.metadata?.['encoding'] ?? []).toString();
  return encoding === 'binary/encrypted' ? ENCRYPTED : defaultPayloadConverter.fromPayload(payload);
}

/** Reads what is not encrypted, says of the rest that it is, and sends nothing. */
const SEALED: LoadedDataConverter = {
  payloadConverter: {
    toPayload: () => {
      throw new OperationError('KEYS_MISSING');
    },
    fromPayload: fromSealed as LoadedDataConverter['payloadConverter']['fromPayload'],
  },
  failureConverter,
  payloadCodecs: [],
};

/** The way to Temporal: starts and updates through its client, which is loaded when the first request goes. */
import type { Client, Connection, ConnectionOptions, TLSConfig, WithStartWorkflowOperation } from '@temporalio/client';
import { VantageError, messageAnswerSchema } from '../../contract/index.ts';
import type { WorkflowCredentials, WorkflowSettings } from '../clinic-api.ts';
import { linkedAbort } from '../sync/linked-abort.ts';
import type { SyncClock } from '../sync/clock.ts';
import { payloadEncryption } from './payload-encryption.ts';
import { isAlreadyStarted, isNotFound, resultOf } from './failure.ts';
import type { DeliveryResult, OutboxRequest, Sender } from './sender.ts';
import { traceHeaders } from './trace-headers.ts';

export interface TemporalSenderOptions {
  readonly settings: WorkflowSettings;
  readonly clock: SyncClock;
  /** Of whoever sends, as histories show it: the station's id. */
  readonly identity: string;
  /** Whose keys the payloads are encrypted with. */
  readonly tenantId: () => string;
  /** The keys of now, cheap enough to be asked before each request; null, and left out: those of the connection are good. */
  readonly payloadKeys?: () => string | null;
  /** How long a start and a message may take, in ms. A message waits at the server, up to 20 s, for a worker to take it. */
  readonly deadlines?: { readonly startMs: number; readonly messageMs: number };
}

const DEADLINES = { startMs: 10_000, messageMs: 30_000 };
/** After its deadline a call that has not ended is given up: it may hang where gRPC's own timers do not reach. */
const GRACE_MS = 5000;

interface Line {
  readonly connection: Connection;
  readonly client: Client;
  /** What is sent is encrypted with. */
  readonly payloadKeys: string;
  /** A class of the client's own, which is loaded with it. */
  readonly Operation: typeof WithStartWorkflowOperation;
}

export class TemporalSender implements Sender {
  readonly #options: TemporalSenderOptions;
  #line: Promise<Line> | null = null;
  readonly #closing: Promise<unknown>[] = [];

  constructor(options: TemporalSenderOptions) {
    this.#options = options;
  }

  async deliver(request: OutboxRequest, signal: AbortSignal): Promise<DeliveryResult> {
    const { clock, deadlines = DEADLINES } = this.#options;
    const limitMs = request.message === null ? deadlines.startMs : deadlines.messageMs;
    const over = linkedAbort(signal);
    const guard = linkedAbort(signal);
    const sent = this.#send(request, limitMs, over.signal).catch((error: unknown) => resultOf(error));
    const tooLong = clock.sleep(limitMs + GRACE_MS, guard.signal).then(
      (): DeliveryResult => ({ kind: 'away', code: 'DEADLINE_EXCEEDED', timedOut: true }),
      (): DeliveryResult => ({ kind: 'away', code: 'CANCELLED', timedOut: false }),
    );
    try {
      return await Promise.race([sent, tooLong]);
    } finally {
      guard.abort(new Error('done'));
      over.abort(new Error('given up'));
      guard.release();
      over.release();
    }
  }

  renew(): void {
    const line = this.#line;
    this.#line = null;
    if (line === null) return;
    const closed = line
      .then(async ({ connection }) => connection.close())
      .catch(() => null)
      .finally(() => this.#closing.splice(this.#closing.indexOf(closed), 1));
    this.#closing.push(closed);
  }

  async close(): Promise<void> {
    this.renew();
    await Promise.all(this.#closing);
  }

  async #send(request: OutboxRequest, limitMs: number, signal: AbortSignal): Promise<DeliveryResult> {
    const line = await this.#current();
    const { connection } = line;
    const within = async <T>(run: () => Promise<T>): Promise<T> =>
      connection.withAbortSignal(signal, async () => connection.withDeadline(Date.now() + limitMs, run));
    const { message } = request;
    return within(async () => (message === null ? start(line, request) : update(line, request, message)));
  }

  /** One that encrypts with the keys of now: they may have been renewed. */
  async #current(): Promise<Line> {
    const line = await this.#open();
    const keys = this.#options.payloadKeys?.() ?? line.payloadKeys;
    if (keys === line.payloadKeys) return line;
    if (this.#line !== null && (await this.#line) === line) this.renew();
    return this.#open();
  }

  async #open(): Promise<Line> {
    this.#line ??= this.#connect();
    const line = this.#line;
    return line.catch((error: unknown) => {
      if (this.#line === line) this.#line = null;
      throw error;
    });
  }

  async #connect(): Promise<Line> {
    const { settings, identity, tenantId } = this.#options;
    const { payloadKeys, ...credentials } = settings.credentials();
    // Nothing leaves this station in plain text, however near the other side is.
    if (payloadKeys === null) throw new VantageError('WORKFLOWS_KEYS_MISSING');
    const module = await import('@temporalio/client');
    const dataConverter = await payloadEncryption(payloadKeys, tenantId());
    const connection = module.Connection.lazy(connectionOptions(settings.address, credentials));
    const client = new module.Client({
      connection,
      namespace: settings.namespace,
      interceptors: { workflow: [traceHeaders(module.defaultPayloadConverter)] },
      identity,
      dataConverter,
    });
    return { connection, client, payloadKeys, Operation: module.WithStartWorkflowOperation };
  }
}

function connectionOptions(
  address: string,
  { tls, apiKey }: Omit<WorkflowCredentials, 'payloadKeys'>,
): ConnectionOptions {
  return {
    address,
    tls: tls === null ? null : tlsOf(tls),
    ...(apiKey !== null && { apiKey }),
    // The outbox itself tries again, when its clock says so.
    interceptors: [],
    channelArgs: {
      // Without it a new connection shares the sockets of the former one, also those that are half open.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 500,
      'grpc.max_reconnect_backoff_ms': 5000,
    },
  };
}

function tlsOf({ authority, client }: NonNullable<WorkflowCredentials['tls']>): TLSConfig {
  return {
    ...(authority !== null && { serverRootCACertificate: authority }),
    ...(client !== null && { clientCertPair: { crt: client.certificate, key: client.key } }),
  };
}

function startOptions({ workflow }: OutboxRequest) {
  return {
    workflowId: workflow.id,
    taskQueue: workflow.queue,
    args: [workflow.argument],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
  } as const;
}

async function start({ client }: Line, request: OutboxRequest): Promise<DeliveryResult> {
  try {
    await client.workflow.start(request.workflow.type, startOptions(request));
  } catch (error) {
    // It ran and has ended: it was started before.
    if (!isAlreadyStarted(error)) return resultOf(error);
  }
  return { kind: 'delivered', answer: 'started' };
}

async function update(
  { client, Operation }: Line,
  request: OutboxRequest,
  message: NonNullable<OutboxRequest['message']>,
): Promise<DeliveryResult> {
  const operation = new Operation(request.workflow.type, startOptions(request));
  let answered = false;
  operation.workflowHandle().then(
    () => (answered = true),
    () => null,
  );
  try {
    const handle = await client.workflow.startUpdateWithStart<never, unknown, [object]>(message.name, {
      updateId: message.id,
      args: [message.argument],
      waitForStage: 'ACCEPTED',
      startWorkflowOperation: operation as never,
    });
    return answerOf(await handle.result());
  } catch (error) {
    if (!isAlreadyStarted(error)) return resultOf(error, answered);
  }
  try {
    const handle = client.workflow.getHandle(request.workflow.id);
    return answerOf(await handle.getUpdateHandle(message.id).result());
  } catch (error) {
    // The workflow has ended without it.
    return isNotFound(error) ? { kind: 'refused', reason: 'TOO_LATE' } : resultOf(error);
  }
}

function answerOf(raw: unknown): DeliveryResult {
  const answer = messageAnswerSchema.safeParse(raw);
  if (!answer.success) return { kind: 'failed', code: 'ANSWER_UNKNOWN' };
  const { data } = answer;
  return data.outcome === 'refused'
    ? { kind: 'refused', reason: data.reason }
    : { kind: 'delivered', answer: data.outcome };
}

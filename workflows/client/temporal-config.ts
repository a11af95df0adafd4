/**
 * Where Temporal is and how it is reached: one configuration for clients and workers, from the environment and from Temporal's own
 * profiles (`temporal config`, `TEMPORAL_PROFILE`). `.env.example` lists it.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions, TLSConfig } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { VISITS_QUEUE } from '../../electron/contract/workflows.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface TemporalConfig {
  readonly connection: {
    /** `HOST:PORT`. */
    readonly address: string;
    readonly tls?: TLSConfig | boolean;
    readonly apiKey?: string;
    readonly metadata?: NonNullable<ConnectionOptions['metadata']>;
  };
  readonly namespace: string;
}

/** Names that are in use elsewhere, stations among them -> the one that Temporal's own tools read. All are paths of PEM files. */
const OTHER_NAMES = {
  TEMPORAL_CLIENT_CERT: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  TEMPORAL_CLIENT_KEY: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
  TEMPORAL_CLIENT_CERT_PATH: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  TEMPORAL_CLIENT_KEY_PATH: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
  TEMPORAL_SERVER_CA: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
} as const;

/**
 * @returns null: no Temporal is configured
 * @throws Error that names no value
 */
export function temporalConfigOf(environment: Environment): TemporalConfig | null {
  const variables = temporalVariablesOf(environment);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars: variables });
  const { address, tls, apiKey, metadata } = connectionOptions;
  if (address === undefined) return null;
  const isMutual = typeof tls === 'object' && tls?.clientCertPair !== undefined;
  if (variables['TEMPORAL_MTLS'] === 'true' && !isMutual) {
    throw new Error(
      'TEMPORAL_MTLS asks for a client certificate, and there is none: TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH',
    );
  }
  return {
    connection: {
      address,
      ...(tls !== undefined && tls !== null && { tls: asBuffers(tls) }),
      ...(apiKey !== undefined && { apiKey }),
      ...(metadata !== undefined && { metadata }),
    },
    namespace,
  };
}

/**
 * The environment with the names that Temporal's own tools read.
 *
 * @throws Error when the file of the API key can't be read
 */
export function temporalVariablesOf(environment: Environment): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === '') continue;
    variables[Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name as keyof typeof OTHER_NAMES] : name] = value;
  }
  const keyFile = variables['TEMPORAL_API_KEY_FILE'];
  if (keyFile !== undefined) variables['TEMPORAL_API_KEY'] = readFileSync(keyFile, 'utf8').trim();
  return variables;
}

/** gRPC for JavaScript takes nothing else. */
function asBuffers(tls: TLSConfig | boolean): TLSConfig | boolean {
  if (typeof tls === 'boolean') return tls;
  const { serverRootCACertificate: authority, clientCertPair: client, ...rest } = tls;
  return {
    ...rest,
    ...(authority !== undefined && { serverRootCACertificate: Buffer.from(authority) }),
    ...(client !== undefined &&
      client !== null && {
        clientCertPair: { crt: Buffer.from(client.crt), key: Buffer.from(client.key) },
      }),
  };
}

const workerSchema = z.object({
  TEMPORAL_TASK_QUEUE: z.string().min(1).max(200).default(VISITS_QUEUE),
  TEMPORAL_MAX_CONCURRENT_ACTIVITIES: z.coerce.number().int().min(1).max(10_000).default(100),
  /** Workflow tasks at a time; at least two. */
  TEMPORAL_MAX_CONCURRENT_WORKFLOWS: z.coerce.number().int().min(2).max(10_000).default(40),
  /** About 600 fit in a gigabyte. */
  TEMPORAL_WORKFLOW_CACHE: z.coerce.number().int().min(0).max(100_000).default(600),
  /** For the next step of a workflow that a worker keeps; a worker that was killed takes none, and another one gets it then. */
  TEMPORAL_CACHE_SECONDS: z.coerce.number().min(0.1).max(60).default(10),
  TEMPORAL_LOG_LEVEL: z.enum(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
  /** `HOST:PORT` for Prometheus; left out, there are no metrics. */
  TEMPORAL_METRICS_ADDRESS: z
    .string()
    .regex(/^[\w.:[\]-]+:\d+$/)
    .optional(),
  TEMPORAL_SHUTDOWN_SECONDS: z.coerce.number().int().min(0).max(3600).default(30),
});

export interface WorkerLimits {
  readonly taskQueue: string;
  readonly activities: number;
  readonly workflowTasks: number;
  readonly cachedWorkflows: number;
  /** So long the worker that has a workflow in its cache has to take its next task; then any worker may. */
  readonly cacheMs: number;
  readonly logLevel: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  readonly metricsAddress: string | null;
  /** What runs when the worker is asked to stop has this long. */
  readonly shutdownMs: number;
}

/** @throws Error that names each variable that is wrong, never its value */
export function workerLimitsOf(environment: Environment): WorkerLimits {
  const read = workerSchema.safeParse(environment);
  if (!read.success) {
    const names = new Set(read.error.issues.map((issue) => String(issue.path[0])));
    throw new Error(`wrong in the environment: ${[...names].join(', ')}`);
  }
  const values = read.data;
  return {
    taskQueue: values.TEMPORAL_TASK_QUEUE,
    activities: values.TEMPORAL_MAX_CONCURRENT_ACTIVITIES,
    workflowTasks: values.TEMPORAL_MAX_CONCURRENT_WORKFLOWS,
    cachedWorkflows: values.TEMPORAL_WORKFLOW_CACHE,
    cacheMs: values.TEMPORAL_CACHE_SECONDS * 1000,
    logLevel: values.TEMPORAL_LOG_LEVEL,
    metricsAddress: values.TEMPORAL_METRICS_ADDRESS ?? null,
    shutdownMs: values.TEMPORAL_SHUTDOWN_SECONDS * 1000,
  };
}

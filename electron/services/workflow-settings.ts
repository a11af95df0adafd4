/**
 * Where the cloud's workflows are, from the environment: `TEMPORAL_ADDRESS` (`host:port`; without it visits end on this station) and
 * `TEMPORAL_NAMESPACE`. Everything secret stands in files: `TEMPORAL_CLIENT_CERT` and `TEMPORAL_CLIENT_KEY` (PEM, for mutual TLS),
 * `TEMPORAL_SERVER_CA` (PEM), `TEMPORAL_API_KEY_FILE`, and `TEMPORAL_PAYLOAD_KEYS_FILE` (the tenant's keys, as `readKeys` of
 * `workflows/codec` takes them; left out, those that the cloud gave with the enrolment). A certificate or key implies TLS, `TEMPORAL_MTLS=true` asks for it.
 */
import { readFileSync } from 'node:fs';
import type { WorkflowCredentials, WorkflowSettings } from '../core/clinic-api.ts';
import { VantageError } from '../contract/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** As Temporal's own programs have it. */
const DEFAULT_NAMESPACE = 'default';

/** Null: none are configured. */
export function workflowSettings(environment: Environment): WorkflowSettings | null {
  const address = given(environment, 'TEMPORAL_ADDRESS');
  if (address === null) return null;
  return {
    address,
    namespace: given(environment, 'TEMPORAL_NAMESPACE') ?? DEFAULT_NAMESPACE,
    credentials: () => credentials(environment, address),
  };
}

/** Read with each connection, so that what was renewed is used. @throws VantageError WORKFLOWS_REFUSED */
function credentials(environment: Environment, address: string): WorkflowCredentials {
  const authority = file(environment, 'TEMPORAL_SERVER_CA');
  const certificate = file(environment, 'TEMPORAL_CLIENT_CERT');
  const key = file(environment, 'TEMPORAL_CLIENT_KEY');
  if ((certificate === null) !== (key === null)) {
    throw new VantageError('WORKFLOWS_REFUSED', 'TEMPORAL_CLIENT_CERT and TEMPORAL_CLIENT_KEY belong together');
  }
  const client = certificate === null || key === null ? null : { certificate, key };
  const apiKey = textOf(file(environment, 'TEMPORAL_API_KEY_FILE'));
  const payloadKeys = textOf(file(environment, 'TEMPORAL_PAYLOAD_KEYS_FILE'));
  const isEncrypted =
    given(environment, 'TEMPORAL_MTLS') === 'true' || authority !== null || client !== null || apiKey !== null;
  if (!LOOPBACK.has(address.replace(/:\d+$/, ''))) {
    if (!isEncrypted) throw new VantageError('WORKFLOWS_REFUSED', 'no TLS: set TEMPORAL_MTLS or a certificate');
  }
  return { tls: isEncrypted ? { authority, client } : null, apiKey, payloadKeys };
}

function textOf(content: Buffer | null): string | null {
  return content?.toString('utf8').trim() ?? null;
}

function given(environment: Environment, name: string): string | null {
  const value = environment[name]?.trim() ?? '';
  return value === '' ? null : value;
}

function file(environment: Environment, name: string): Buffer | null {
  const path = given(environment, name);
  if (path === null) return null;
  try {
    return readFileSync(path);
  } catch {
    throw new VantageError('WORKFLOWS_REFUSED', `the file of ${name} can not be read`);
  }
}

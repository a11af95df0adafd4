/**
 * `npm run cloud`: the cloud side on this machine, for development: PostgreSQL, the API, an identity provider that believes everybody,
 * a clinic to enrol a station in, and, where it can be had, a Temporal server with a worker. What is set in the environment (`.env.example`) is used instead of its own.
 *
 *   --folder DIR   where the data lie (.vantage/cloud)
 *   --port N       where the API listens (7400; 0: any free one); the identity provider on the next, Temporal on the one
 *                  after
 *   --reset        forget the data first
 *   --no-workflows neither Temporal nor a worker
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { z } from 'zod';
import { DEMONSTRATION_PIN, derivedId } from '../electron/contract/index.ts';
import { signServiceToken } from './api/access/service-tokens.ts';
import type { ApiConfig } from './api/config.ts';
import { readConfig } from './api/config.ts';
import { startDevelopmentIssuer } from './api/development-issuer.ts';
import { createApi } from './api/server.ts';
import { TEMPORAL_PAGE_PATH } from './api/temporal/page-paths.ts';
import { startEmbedded } from './database/embedded.ts';
import { freePort } from './database/free-port.ts';
import { startWorkflows } from './cloud-workflows.ts';
import { ensureLogin, migrate } from './database/migrate.ts';

const DATABASE = 'vantage';
const LOGIN = 'vantage_api_login';
const AUDIENCE = 'vantage';
/** Whom the development clinic's people are known by, at whichever port. */
const ISSUER = 'https://development.invalid';
const TENANT_ID = derivedId('development', 'tenant');
const LOCATION_ID = derivedId('development', 'location');
const STAFF = [
  { name: 'Ada Admin', initials: 'AA', roles: ['admin', 'operator', 'technician'] },
  { name: 'Finn Facilitator', initials: 'FF', roles: ['facilitator'] },
] as const;
/** Who signs in with a browser, from wherever they are. Their subjects at the own identity provider. */
const PEOPLE = [
  { subject: 'admin', name: 'Ada Admin', role: null },
  { subject: 'clinician', name: 'Dr Clara Clinician', role: 'clinician', locationId: LOCATION_ID },
  { subject: 'operator', name: 'Otto Operator', role: 'operator', locationId: null },
  /** Which patient of the clinic that is, an administrator says (`POST /v1/people`). */
  { subject: 'patient', name: 'Pat Patient', role: null },
] as const;
/** How long it may take to stop by itself. */
const STOP_MS = 20_000;

const secretsSchema = z.object({
  database: z.string(),
  signingKey: z.string(),
  internal: z.string(),
  /** Not there from the first day: an older folder gets these when it is next started. */
  fileKeys: z.string().default(''),
  workflowKeys: z.string().default(''),
  archiveKeys: z.string().default(''),
});

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: join('.vantage', 'cloud') },
    port: { type: 'string', default: '7400' },
    reset: { type: 'boolean', default: false },
    'no-workflows': { type: 'boolean', default: false },
  },
});
const folder = resolve(values.folder);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
/** Undone in reverse order. */
const started: (() => Promise<void>)[] = [];
let stopping: Promise<void> | null = null;
/** Where the own identity provider listens; null where another one is configured. */
let signIn: string | null = null;

await run().catch(async (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  await stop();
});

async function run(): Promise<void> {
  if (values.reset) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const secrets = readSecrets(join(folder, 'secrets.json'));
  const isAnyPort = Number(values.port) === 0;
  const port = Number(values.port) || (await freePort());
  const environment: Record<string, string | undefined> = {
    API_PORT: String(port),
    API_PUBLIC_URL: `http://127.0.0.1:${port}`,
    API_SIGNING_KEYS: secrets.signingKey,
    INTERNAL_API_SECRET: secrets.internal,
    FILE_MASTER_KEYS: secrets.fileKeys,
    WORKFLOW_KEYS: secrets.workflowKeys,
    HISTORY_ARCHIVE_FOLDER: join(folder, 'histories'),
    HISTORY_ARCHIVE_KEYS: secrets.archiveKeys,
    FILES_FOLDER: join(folder, 'files'),
    FILES_FREE_MB: '100',
    LOG_LEVEL: 'warn',
    ...process.env,
  };
  environment['DATABASE_URL'] ??= await ownDatabase(secrets.database);
  if (environment['OIDC_ISSUER'] === undefined) {
    const issuer = await startDevelopmentIssuer(isAnyPort ? 0 : port + 1, ISSUER, PEOPLE);
    started.push(issuer.stop);
    environment['OIDC_ISSUER'] = issuer.issuer;
    environment['OIDC_JWKS_URI'] = `${issuer.address}/jwks`;
    environment['OIDC_AUDIENCE'] = AUDIENCE;
    environment['OIDC_CLIENT_ID'] = AUDIENCE;
    environment['OIDC_AUTHORIZATION_ENDPOINT'] = `${issuer.address}/authorize`;
    environment['OIDC_TOKEN_ENDPOINT'] = `${issuer.address}/token`;
    signIn = issuer.address;
    say(`Sign-in     POST ${issuer.address}/token?subject=admin&audience=${AUDIENCE}`);
  }
  const config = readConfig(environment);
  const api = await createApi(config);
  started.push(api.close);
  await api.app.listen({ host: config.host, port: config.port });
  await makeClinic(config);
  say(`API         ${config.publicUrl} (described at /openapi.json)`);
  say(
    api.parts.web.screens === null
      ? 'Screens     not built: npm run build, then start this again'
      : `Screens     ${config.publicUrl}/ for clinicians and operators elsewhere`,
  );
  say(`Data        ${folder}`);
  say('ready; Ctrl-C stops it');
  if (values['no-workflows']) return;
  const own = await startWorkflows({ environment, folder, port: isAnyPort ? null : port + 2, say, started });
  if (own === null) return;
  api.parts.temporal.visits.use({ connection: { address: own.address }, namespace: own.namespace });
  if (own.pageUrl === null || (config.workflows?.page ?? null) !== null) return;
  api.parts.temporal.page.use({ url: own.pageUrl, tenantId: TENANT_ID });
  say(`Temporal    ${config.publicUrl}${TEMPORAL_PAGE_PATH} for the administrator and operators who are signed in`);
}

// The package that runs PostgreSQL ends the process on a signal, before anything else is stopped.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.removeAllListeners(signal);
  process.on(signal, () => void stop());
}

/** Once, in reverse order of the start; what hangs is told and left. */
async function stop(): Promise<void> {
  stopping ??= (async () => {
    const deadline = setTimeout(() => {
      process.stderr.write('something did not stop in time\n');
      process.exit(1);
    }, STOP_MS);
    for (const end of started.toReversed()) await end();
    clearTimeout(deadline);
    say('stopped');
    process.exit();
  })();
  await stopping;
}

function readSecrets(file: string): z.output<typeof secretsSchema> {
  const known = existsSync(file) ? secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : newSecrets();
  const secrets = {
    ...known,
    fileKeys: known.fileKeys || newKey(),
    workflowKeys: known.workflowKeys || newKey(),
    archiveKeys: known.archiveKeys || newKey(),
  };
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  return secrets;
}

function newKey(): string {
  return `1:${randomBytes(32).toString('base64')}`;
}

function newSecrets(): z.output<typeof secretsSchema> {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    database: randomBytes(18).toString('hex'),
    signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    internal: randomBytes(32).toString('base64'),
    fileKeys: '',
    workflowKeys: '',
    archiveKeys: '',
  };
}

/** @returns the URL of the API's login */
async function ownDatabase(password: string): Promise<string> {
  const server = await startEmbedded({ folder: join(folder, 'postgres'), password });
  started.push(server.stop);
  const client = new Client({ connectionString: server.url('postgres') });
  await client.connect();
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  await client.end();
  const admin = server.url(DATABASE);
  await migrate(admin);
  await ensureLogin(admin, LOGIN, password);
  return admin.replace('//postgres:', `//${LOGIN}:`);
}

/** A clinic with one location and an administrator, `admin`; and, at each start, a code for one more station. */
async function makeClinic(config: ApiConfig): Promise<void> {
  const post = async (path: string, token: string, body: unknown): Promise<Readonly<Record<string, unknown>>> => {
    const response = await fetch(`${config.publicUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Readonly<Record<string, unknown>>;
  };
  const service = await signServiceToken(config.serviceSecret, config.publicUrl, TENANT_ID, new Date());
  await post('/internal/v1/organizations', service, {
    cause: { workflowId: 'development', activityId: 'start', runId: 'start', workflowType: 'development' },
    name: 'Development clinic',
    locations: [{ locationId: LOCATION_ID, name: 'Main' }],
    administrator: 'admin',
  });
  if (signIn === null) return;
  const answer = await fetch(`${signIn}/token?subject=admin&audience=${AUDIENCE}`, { method: 'POST' });
  const { access_token: token } = z.object({ access_token: z.string() }).parse(await answer.json());
  await makeStaff(config, token, post);
  await makePeople(config, token, post);
  const { code } = await post('/v1/enrolment-codes', token, { locationId: LOCATION_ID });
  say(`Enrolment   ${String(code)} (one station, a day)`);
}

/** Two people who can unlock a station of the development clinic, made once. */
async function makeStaff(
  config: ApiConfig,
  token: string,
  post: (path: string, token: string, body: unknown) => Promise<unknown>,
): Promise<void> {
  const answer = await fetch(`${config.publicUrl}/v1/staff`, { headers: { authorization: `Bearer ${token}` } });
  const { staff } = z.object({ staff: z.array(z.unknown()) }).parse(await answer.json());
  if (staff.length === 0) {
    for (const person of STAFF)
      await post('/v1/staff', token, { ...person, locationId: LOCATION_ID, pin: DEMONSTRATION_PIN });
  }
  say(`Staff       ${STAFF.map(({ name }) => name).join(', ')}; each has the PIN ${DEMONSTRATION_PIN}`);
}

/** People who sign in with a browser, made once. */
async function makePeople(
  config: ApiConfig,
  token: string,
  post: (path: string, token: string, body: unknown) => Promise<unknown>,
): Promise<void> {
  const answer = await fetch(`${config.publicUrl}/v1/people`, { headers: { authorization: `Bearer ${token}` } });
  const known = z.object({ people: z.array(z.object({ subject: z.string() })) }).parse(await answer.json());
  for (const person of PEOPLE) {
    const { subject, role } = person;
    if (role === null || known.people.some((one) => one.subject === subject)) continue;
    await post('/v1/people', token, { subject, grants: [{ role, locationId: person.locationId }] });
  }
  say(`People      ${PEOPLE.map(({ name }) => name).join(', ')} sign in there`);
}

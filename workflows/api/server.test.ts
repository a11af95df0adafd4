import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CONTRACT_VERSION, newId, replicationPath } from '../../electron/contract/index.ts';
import { patientDocument } from '../database/testing/seed.ts';
import { readConfig } from './config.ts';
import { createLog } from './log.ts';
import { problemOf } from './problems.ts';
import { route } from './route.ts';
import { ROUTES } from './routes.ts';
import { createApi } from './server.ts';
import { push, rowOf } from './testing/documents.ts';
import { call } from './testing/station.ts';
import type { TestApi } from './testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from './testing/test-api.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());

describe('the start', () => {
  it('fails when a route does not say who may call it', async () => {
    const nobody = route({
      method: 'GET',
      path: '/open',
      summary: 'Nobody said for whom',
      who: [] as never,
      answer: z.object({}),
      handle: async () => ({}),
    });
    await expect(createApi(cloud.config, { routes: [nobody] })).rejects.toThrow('nobody said who may call GET /open');
  });

  it('fails with the names of what is missing in the environment, and no values', () => {
    expect(() => readConfig({ DATABASE_URL: 'postgres://user:secret@host/db', API_SIGNING_KEYS: 'secret' })).toThrow(
      /^missing or wrong in the environment: [^:]*API_SIGNING_KEYS[^:]*$/,
    );
  });

  it('fails with a key of another kind', async () => {
    const { privateKey } = generateKeyPairSync('x25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(createApi({ ...cloud.config, signingKeys: pem })).rejects.toThrow('Ed25519');
    await expect(createApi({ ...cloud.config, signingKeys: '' })).rejects.toThrow('Ed25519');
  });
});

describe('what machines ask', () => {
  it('is answered: alive, ready, counted, described', async () => {
    expect(await call(cloud.base, '/healthz', null)).toEqual({ status: 200, body: { ok: true } });
    await expect.poll(async () => (await call(cloud.base, '/readyz', null)).body['listening']).toBe(true);
    const metrics = await (await fetch(`${cloud.base}/metrics`)).text();
    expect(metrics).toContain(
      'vantage_http_request_duration_seconds_count{method="GET",route="/healthz",status="200"}',
    );
    const { body } = await call(cloud.base, '/.well-known/jwks.json', null);
    expect(body['keys']).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', use: 'sig' }]);
    expect(JSON.stringify(body)).not.toContain('"d"');
  });

  it('finds every route in the OpenAPI document, with who may call it', async () => {
    const { body } = await call(cloud.base, '/openapi.json', null);
    const paths = body['paths'] as Readonly<
      Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>
    >;
    for (const { method, path, who, summary } of ROUTES.filter((known) => known.path !== '/openapi.json')) {
      const operation = paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
      expect(operation).toMatchObject({ summary, 'x-who': who });
    }
    expect(body['openapi']).toBe('3.1.0');
  });

  it('is not ready with a database that lacks a migration, or a login that passes the policies by', async () => {
    await cloud.database.admin.query('UPDATE schema_migrations SET number = number + 100');
    await cloud.database.admin.query('INSERT INTO schema_migrations (number, name, sha256) VALUES (1, $1, $1)', ['x']);
    await cloud.database.admin.query('DELETE FROM schema_migrations WHERE number > 100');
    expect(await call(cloud.base, '/readyz', null)).toMatchObject({
      status: 503,
      body: { code: 'CLOUD_UNAVAILABLE', detail: 'migrations' },
    });
    const free = await createApi(
      { ...cloud.config, databaseUrl: cloud.database.adminUrl },
      { logTo: { write: () => {} } },
    );
    await cloud.database.admin.query('UPDATE schema_migrations SET number = 1000');
    const answer = await free.app.inject('/readyz');
    await free.close();
    expect([answer.statusCode, answer.json<{ detail: string }>().detail]).toEqual([
      503,
      'the login passes the policies by',
    ]);
  });
});

describe('what goes wrong', () => {
  it('is answered with a code of the contract and an id to find it by', async () => {
    expect(await call(cloud.base, '/nowhere', null)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const station = await cloud.station(NORTH_HARBOUR);
    const path = replicationPath('alerts', 'pull');
    expect(await station.call(path, '{"half":')).toMatchObject({ status: 400, body: { code: 'INPUT_INVALID' } });
    expect(await station.call(path, { contractVersion: '1.0', checkpoint: 7 })).toMatchObject({
      status: 400,
      body: { code: 'INPUT_INVALID', detail: 'checkpoint' },
    });
    expect(
      await station.call('/v1/replication/unknown/pull', { contractVersion: '1.0', checkpoint: null }),
    ).toMatchObject({ status: 400, body: { code: 'INPUT_INVALID', detail: 'collection' } });
    const answer = await station.call(path, { contractVersion: CONTRACT_VERSION, checkpoint: null, limit: 0 });
    expect(answer.body['requestId']).toMatch(/./);
    expect(cloud.logged.some((line) => line['requestId'] === answer.body['requestId'])).toBe(true);
  });

  it.each([
    [Object.assign(new Error('terminating connection'), { code: '57P01' }), 503, 'CLOUD_UNAVAILABLE'],
    [Object.assign(new Error('lock'), { code: '55P03' }), 503, 'CLOUD_UNAVAILABLE'],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 503, 'CLOUD_UNAVAILABLE'],
    [Object.assign(new Error('Key (name)=(Amara)'), { code: '23505' }), 500, 'INTERNAL'],
    [new Error('Amara Exampleton'), 500, 'INTERNAL'],
  ])('%s is %i %s, without its words', (error, status, code) => {
    const problem = problemOf(error, 'r');
    expect([problem.status, problem.body.code, problem.body.detail]).toEqual([status, code, '']);
  });

  it('with the database away is 503, and right again when it is back', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const body = { contractVersion: CONTRACT_VERSION, checkpoint: null };
    const { name, onServer } = cloud.database;
    await onServer(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
    await onServer(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND usename LIKE 'vantage%'`,
    );
    const away = await station.call(replicationPath('alerts', 'pull'), body);
    await onServer(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
    expect(away).toMatchObject({ status: 503, body: { code: 'CLOUD_UNAVAILABLE', waitSeconds: 5 } });
    await expect.poll(async () => (await station.call(replicationPath('alerts', 'pull'), body)).status).toBe(200);
  });
});

describe('the log', () => {
  it('has ids, routes and codes, and nothing of a patient, a token or an address with values', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const id = newId();
    const document = { ...patientDocument(NORTH_HARBOUR, id), familyName: 'Unmistakable' };
    await push(station, 'patients', [rowOf(document), rowOf({ ...document, sex: 'Unmistakable' })]);
    await station.call(`/v1/stations/Unmistakable/revoke?name=Unmistakable`, { name: 'Unmistakable' });
    const text = JSON.stringify(cloud.logged);
    expect(text).toContain('/v1/replication/:collection/push');
    expect(text).not.toContain('Unmistakable');
    expect(text).not.toContain(station.token);
    expect(text).not.toContain(id);
  });

  it('keeps of an error where it was and its code, never its words', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => lines.push(line) });
    const cause = Object.assign(new Error('Key (family_name)=(Exampleton) already exists'), {
      code: '23505',
      constraint: 'people_pkey',
      detail: 'Key (family_name)=(Exampleton)',
    });
    log.error({ err: new Error('for Exampleton', { cause }) }, 'refused');
    expect(lines.join('')).not.toContain('Exampleton');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ err: { cause: { code: '23505', constraint: 'people_pkey' } } });
  });
});

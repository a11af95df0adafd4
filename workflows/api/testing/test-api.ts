/** The API on a socket, a database of the test file's own, an identity provider, people of each role and enrolled stations. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '../../../electron/contract/index.ts';
import { newId } from '../../../electron/contract/index.ts';
import type { SeededLocation } from '../../database/testing/seed.ts';
import { seedPlaces, seeded } from '../../database/testing/seed.ts';
import type { TestDatabase } from '../../database/testing/test-database.ts';
import { createTestDatabase } from '../../database/testing/test-database.ts';
import { signServiceToken } from '../access/service-tokens.ts';
import type { ApiConfig, NoticesConfig, WorkflowsConfig } from '../config.ts';
import type { DevelopmentIssuer, DevelopmentPerson } from '../development-issuer.ts';
import { startDevelopmentIssuer } from '../development-issuer.ts';
import type { Api } from '../server.ts';
import { createApi } from '../server.ts';
import type { FilesConfig } from '../uploads/files-config.ts';
import { call, TestStation } from './station.ts';

export const AUDIENCE = 'vantage';

export interface TestApi {
  readonly api: Api;
  readonly base: string;
  readonly config: ApiConfig;
  readonly database: TestDatabase;
  readonly issuer: DevelopmentIssuer;
  /** Log lines, parsed. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  /** Moves the API's clock; starts at the real time. */
  readonly clock: { aheadMs: number };
  /** A token of somebody who has this role at these locations (`null`: everywhere). */
  readonly person: (role: Role, place: SeededLocation, everywhere?: boolean, patientId?: string) => Promise<string>;
  /** The same, with a browser: the subject under which the identity provider knows them. */
  readonly subject: (role: Role, place: SeededLocation, everywhere?: boolean, patientId?: string) => Promise<string>;
  readonly service: (tenantId: string) => Promise<string>;
  /** Enrolled and signed in. */
  readonly station: (place: SeededLocation) => Promise<TestStation>;
  readonly enrolmentCode: (place: SeededLocation) => Promise<string>;
  readonly close: () => Promise<void>;
}

export interface WebOptions {
  /** Of the built screens. */
  readonly folder?: string;
  readonly people?: readonly DevelopmentPerson[];
  /** Where Temporal is. */
  readonly workflows?: WorkflowsConfig;
  readonly notices?: NoticesConfig;
}

/** @param files what is configured otherwise than by default: a folder of its own, removed at the end */
export async function startTestApi(files: Partial<FilesConfig> = {}, web: WebOptions = {}): Promise<TestApi> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-files-'));
  const database = await createTestDatabase();
  await seedPlaces(database.admin);
  const issuer = await startDevelopmentIssuer(0, undefined, web.people);
  const { privateKey } = generateKeyPairSync('ed25519');
  const clock = { aheadMs: 0 };
  const now = (): Date => new Date(Date.now() + clock.aheadMs);
  const logged: Readonly<Record<string, unknown>>[] = [];
  const config: ApiConfig = {
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'https://api.test',
    databaseUrl: database.apiUrl,
    databaseConnections: 8,
    signingKeys: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    serviceSecret: randomBytes(32),
    oidc: { issuer: issuer.issuer, audience: AUDIENCE, jwksUri: undefined },
    files: {
      masterKeys: [{ id: 'test', key: randomBytes(32) }],
      store: { kind: 'folder', folder, freeBytes: 0 },
      fileBytes: 64 * 1024 * 1024,
      writers: 64,
      scrubDays: 30,
      ...files,
    },
    web: {
      folder: web.folder ?? join(folder, 'no screens'),
      client: {
        clientId: AUDIENCE,
        clientSecret: undefined,
        authorizationEndpoint: undefined,
        tokenEndpoint: undefined,
      },
    },
    workflows: web.workflows,
    notices: web.notices,
    trustProxy: true,
    logLevel: 'info',
  };
  const api = await createApi(config, {
    now,
    heartbeatMs: 50,
    pollMs: 100,
    logTo: { write: (line) => logged.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const base = await api.app.listen({ host: config.host, port: config.port });

  const employ = async (
    role: Role,
    place: SeededLocation,
    everywhere: boolean,
    patientId = place.patientId,
  ): Promise<string> => {
    const id = newId();
    await database.admin.query('INSERT INTO people (id, tenant_id, issuer, subject) VALUES ($1, $2, $3, $4)', [
      id,
      place.tenantId,
      issuer.issuer,
      id,
    ]);
    await database.admin.query(
      `INSERT INTO people_roles (id, tenant_id, person_id, role, location_id, patient_id, granted_by)
       VALUES ($1, $2, $3, $4, $5, $6, 'test')`,
      [newId(), place.tenantId, id, role, everywhere ? null : place.locationId, role === 'patient' ? patientId : null],
    );
    return id;
  };
  const person: TestApi['person'] = async (role, place, everywhere = false, patientId = place.patientId) =>
    issuer.tokenFor(await employ(role, place, everywhere, patientId), AUDIENCE);
  const enrolmentCode: TestApi['enrolmentCode'] = async (place) => {
    const { body } = await call(base, '/v1/enrolment-codes', await person('admin', place), {
      locationId: place.locationId,
    });
    return String(body['code']);
  };
  return {
    api,
    base,
    config,
    database,
    issuer,
    logged,
    clock,
    person,
    subject: async (role, place, everywhere = false, patientId = place.patientId) =>
      employ(role, place, everywhere, patientId),
    enrolmentCode,
    service: async (tenantId) => signServiceToken(config.serviceSecret, config.publicUrl, tenantId, now()),
    station: async (place) => {
      const station = await TestStation.create(base);
      const answers = [await station.enrol(await enrolmentCode(place)), await station.signIn()];
      if (answers.some((answer) => answer.status !== 200)) throw new Error(JSON.stringify(answers));
      return station;
    },
    close: async () => {
      await api.close();
      await issuer.stop();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The clinics of `seedPlaces`, by short names. */
export const NORTH_HARBOUR = seeded('north', 'harbour');
export const NORTH_HILL = seeded('north', 'hill');
export const SOUTH_HARBOUR = seeded('south', 'harbour');

/** The cloud of one clinic as it really is: the API in a process of its own over PostgreSQL, with its people and today's bookings. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import type { CollectionName, Role } from '../../../electron/contract/index.ts';
import {
  CONTRACT_VERSION,
  DEMONSTRATION_PIN,
  derivedId,
  newId,
  replicationPath,
} from '../../../electron/contract/index.ts';
import { dayOf } from '../../../electron/core/visits/steps.ts';
import type { DevelopmentIssuer } from '../../../workflows/api/development-issuer.ts';
import { startDevelopmentIssuer } from '../../../workflows/api/development-issuer.ts';
import { TestStation, call } from '../../../workflows/api/testing/station.ts';
import { freePort } from '../../../workflows/database/free-port.ts';
import type { CloudClinic, ServerAddress } from '../cloud-database.ts';
import { CloudDatabase, apiEnvironment } from '../cloud-database.ts';
import { Child } from '../processes/child.ts';

const API = join(import.meta.dirname, '..', '..', '..', 'workflows', 'api', 'main.ts');
const AUDIENCE = 'vantage';
const BOOKINGS_AT_ONCE = 100;

/** Who works there: initials and roles. Everybody has the demonstration's PIN. */
const STAFF: readonly (readonly [string, string, readonly Role[]])[] = [
  ['Ines Modelo', 'IM', ['facilitator']],
  ['Dr Leila Nemuneh', 'LN', ['clinician']],
  ['Aroha Tauira', 'AT', ['operator']],
];

interface Booking {
  /** The patient's number. */
  readonly number: string;
  readonly startsAt: Date;
}

export class CloudProcess {
  readonly clinic: CloudClinic = { tenantId: newId(), locationId: newId() };
  readonly database: CloudDatabase;
  readonly port: number;
  /** Looks behind the API's policies. */
  readonly pool: Pool;
  readonly #issuer: DevelopmentIssuer;
  readonly #api: Child<never, never>;

  private constructor(database: CloudDatabase, issuer: DevelopmentIssuer, port: number, folder: string) {
    this.database = database;
    this.port = port;
    this.#issuer = issuer;
    this.pool = new Pool({ connectionString: database.adminUrl, max: 4 });
    const environment = {
      ...apiEnvironment(database.apiUrl, 'https://cloud.test', port),
      OIDC_ISSUER: issuer.issuer,
      OIDC_AUDIENCE: AUDIENCE,
      FILES_FOLDER: join(folder, 'files'),
    };
    this.#api = new Child(API, '', { ...process.env, ...environment }, () => undefined);
  }

  /** @param name of its database. @param folder what it keeps besides */
  static async start(server: ServerAddress, name: string, folder: string): Promise<CloudProcess> {
    mkdirSync(join(folder, 'files'), { recursive: true });
    const database = await CloudDatabase.create(server, name);
    const cloud = new CloudProcess(database, await startDevelopmentIssuer(), await freePort(), folder);
    try {
      await database.makeClinic(cloud.clinic);
      await cloud.#answers();
      for (const [person, initials, roles] of STAFF) await cloud.#employ(person, initials, roles);
    } catch (error) {
      await cloud.stop();
      throw error;
    }
    return cloud;
  }

  get base(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A token of somebody who has this role everywhere. */
  async person(role: Role): Promise<string> {
    const { tenantId } = this.clinic;
    const id = newId();
    await this.pool.query('INSERT INTO people (id, tenant_id, issuer, subject) VALUES ($1, $2, $3, $4)', [
      id,
      tenantId,
      this.#issuer.issuer,
      id,
    ]);
    await this.pool.query(
      `INSERT INTO people_roles (id, tenant_id, person_id, role, location_id, patient_id, granted_by)
       VALUES ($1, $2, $3, $4, NULL, NULL, 'proof')`,
      [newId(), tenantId, id, role],
    );
    return this.#issuer.tokenFor(id, AUDIENCE);
  }

  async enrolmentCode(): Promise<string> {
    const { locationId } = this.clinic;
    return String((await this.#ask('/v1/enrolment-codes', await this.person('admin'), { locationId }))['code']);
  }

  /** The front desk, a station of its own, books these visits; each patient has a number of their own. */
  async book(bookings: readonly Booking[]): Promise<void> {
    const desk = await TestStation.create(this.base);
    const answers = [await desk.enrol(await this.enrolmentCode()), await desk.signIn()];
    if (answers.some(({ status }) => status !== 200)) throw new Error(`the desk: ${JSON.stringify(answers)}`);
    for (let from = 0; from < bookings.length; from += BOOKINGS_AT_ONCE) {
      const some = bookings.slice(from, from + BOOKINGS_AT_ONCE);
      await this.#push(desk, 'patients', some.map(patientOf));
      await this.#push(desk, 'appointments', some.map(appointmentOf));
    }
  }

  async stop(): Promise<void> {
    await this.#api.kill();
    await this.#issuer.stop();
    await this.pool.end();
    await this.database.drop();
  }

  /** @throws Error where it ended by itself */
  assertRunning(): void {
    if (this.#api.diedByItself) throw new Error(`the API ended by itself: ${this.#api.errors}`);
  }

  async #employ(name: string, initials: string, roles: readonly Role[]): Promise<void> {
    const { locationId } = this.clinic;
    const member = { locationId, name, initials, roles, pin: DEMONSTRATION_PIN };
    await this.#ask('/v1/staff', await this.person('admin'), member);
  }

  async #ask(path: string, token: string, request: unknown): Promise<Readonly<Record<string, unknown>>> {
    const { status, body } = await call(this.base, path, token, request);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async #push(desk: TestStation, name: CollectionName, documents: readonly object[]): Promise<void> {
    const at = new Date().toISOString();
    const stamps = {
      stationId: desk.stationId,
      contractVersion: CONTRACT_VERSION,
      hlc: {},
      createdAt: at,
      updatedAt: at,
    };
    const common = { ...this.clinic, authorId: desk.stationId, ...stamps };
    const rows = documents.map((document) => ({ document: { ...document, ...common }, deleted: false, assumed: null }));
    const request = { contractVersion: CONTRACT_VERSION, mutationId: newId(), checkpoint: null, rows };
    const { body } = await desk.call(replicationPath(name, 'push'), request);
    const verdicts = body['verdicts'] as readonly { readonly verdict: string }[] | undefined;
    if (verdicts?.every(({ verdict }) => verdict === 'accepted') !== true) {
      throw new Error(`${name} of the desk were not taken: ${JSON.stringify(body).slice(0, 500)}`);
    }
  }

  async #answers(): Promise<void> {
    for (;;) {
      if (this.#api.hasEnded) throw new Error(`the API did not start: ${this.#api.errors}`);
      const response = await fetch(`${this.base}/healthz`).catch(() => null);
      if (response?.status === 200) return;
      await sleep(50);
    }
  }
}

function patientOf({ number }: Booking) {
  return {
    id: derivedId('sync-proof', 'patient', number),
    number,
    givenName: `Person ${number}`,
    familyName: 'Exampleton',
    birthDate: '1980-05-01',
    sex: 'female',
    language: 'en',
    allergies: [],
    accessNeeds: [],
  };
}

function appointmentOf({ number, startsAt }: Booking) {
  return {
    id: derivedId('sync-proof', 'appointment', number),
    patientId: derivedId('sync-proof', 'patient', number),
    startsAt: startsAt.toISOString(),
    day: dayOf(startsAt),
    protocolId: 'wellness-imaging-short',
    room: 'Room 1',
    note: '',
    codeHash: null,
    state: 'booked',
  };
}

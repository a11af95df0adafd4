/** Two clinics with two locations each, a station at each location, and a row in every table: what the policies keep apart. */
import type pg from 'pg';
import { derivedId } from '../../../electron/contract/index.ts';

export interface SeededLocation {
  readonly tenantId: string;
  readonly locationId: string;
  readonly stationId: string;
  readonly patientId: string;
  readonly personId: string;
}

export const HASH = 'a'.repeat(64);

/** The same ids at each call: `seeded('north', 'harbour')`. */
export function seeded(tenant: string, location: string): SeededLocation {
  const of = (what: string): string => derivedId('seed', tenant, location, what);
  return {
    tenantId: derivedId('seed', tenant),
    locationId: of('location'),
    stationId: of('station'),
    patientId: of('patient'),
    personId: of('person'),
  };
}

export const TENANTS = ['north', 'south'] as const;
export const LOCATIONS = ['harbour', 'hill'] as const;

/** A patient document as a station writes it. */
export function patientDocument(place: SeededLocation, id = place.patientId): Readonly<Record<string, unknown>> {
  return {
    id,
    tenantId: place.tenantId,
    locationId: place.locationId,
    stationId: place.stationId,
    authorId: place.personId,
    contractVersion: '1.0',
    hlc: { person: `1700000000000-0-${place.stationId}` },
    createdAt: '2026-11-21T09:00:00.000Z',
    updatedAt: '2026-11-21T09:00:00.000Z',
    number: 'HR-1',
    givenName: 'Amara',
    familyName: 'Exampleton',
    birthDate: '1980-01-01',
    sex: 'female',
  };
}

/** Lays out tenants, locations and stations only: what a test of the API starts from. */
export async function seedPlaces(admin: pg.Pool): Promise<void> {
  for (const tenant of TENANTS) {
    for (const location of LOCATIONS) await seedPlace(admin, tenant, location);
  }
}

/** A location, and its tenant if it is that one's first. */
export async function seedPlace(admin: pg.Pool, tenant: string, location: string): Promise<void> {
  const place = seeded(tenant, location);
  await admin.query('INSERT INTO tenants (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING', [place.tenantId, tenant]);
  await admin.query('INSERT INTO document_counters (tenant_id) VALUES ($1) ON CONFLICT DO NOTHING', [place.tenantId]);
  await admin.query('INSERT INTO locations (tenant_id, id, name) VALUES ($1, $2, $3)', [
    place.tenantId,
    place.locationId,
    location,
  ]);
}

/** One row or more in every table, at every place. */
export async function seedEverything(admin: pg.Pool): Promise<void> {
  await seedPlaces(admin);
  const client = await admin.connect();
  try {
    for (const tenant of TENANTS) {
      // The triggers' functions run as the owner of the tables, under the policies.
      await client.query(
        `SELECT set_config('vantage.tenant', $1, false), set_config('vantage.locations', '*', false),
                set_config('vantage.role', 'service', false), set_config('vantage.actor', 'seed', false)`,
        [seeded(tenant, '').tenantId],
      );
      for (const location of LOCATIONS) await seedRows(client, seeded(tenant, location));
    }
  } finally {
    client.release(true);
  }
}

async function seedRows(admin: pg.PoolClient, place: SeededLocation): Promise<void> {
  const { tenantId, locationId, stationId, patientId, personId } = place;
  const of = (what: string): string => derivedId('seed-row', locationId, what);
  const insert = async (table: string, row: Readonly<Record<string, unknown>>): Promise<void> => {
    const columns = Object.keys(row);
    await admin.query(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})
       ON CONFLICT DO NOTHING`,
      Object.values(row),
    );
  };
  const scope = { tenant_id: tenantId, location_id: locationId };
  await insert('stations', { id: stationId, ...scope, name: 'Station', state: 'active', contract_version: '1.0' });
  await insert('station_keys', {
    station_id: stationId,
    key_id: of('key'),
    ...scope,
    public_key: '{}',
    state: 'active',
  });
  await insert('spent_challenges', { nonce: of('nonce'), station_id: stationId, expires_at: new Date() });
  await insert('enrolment_codes', {
    id: of('code'),
    ...scope,
    code_sha256: of('code'),
    created_by: 'seed',
    expires_at: new Date(),
  });
  await insert('people', { id: personId, tenant_id: tenantId, issuer: 'https://issuer.test', subject: personId });
  await insert('people_roles', {
    id: of('role'),
    tenant_id: tenantId,
    person_id: personId,
    role: 'patient',
    location_id: locationId,
    patient_id: patientId,
    granted_by: 'seed',
  });
  const document = JSON.stringify(patientDocument(place));
  for (const collection of ['patients', 'staff', 'devices', 'sessions']) {
    const id = collection === 'patients' ? patientId : of(collection);
    await insert('documents', {
      collection,
      id,
      ...scope,
      station_id: stationId,
      contract_version: '1.0',
      document: JSON.stringify({ ...patientDocument(place, id), patientId }),
      deleted: false,
      hlc: '',
    });
  }
  await insert('departures', {
    ...scope,
    collection: 'patients',
    id: of('left'),
    document,
    seq: 999,
    changed_at: new Date(),
  });
  await insert('mutations', {
    ...scope,
    actor: `station:${stationId}`,
    mutation_id: 'm',
    request_sha256: HASH,
    response: '{}',
  });
  await insert('quarantine', {
    ...scope,
    station_id: stationId,
    collection: 'patients',
    reason: 'INVALID',
    field: 'sex',
    content: document,
    content_sha256: HASH,
  });
  const entry = { ...scope, station_id: stationId, sequence: 1 };
  await insert('audit_entries', {
    ...entry,
    at: new Date(),
    actor_id: personId,
    subject_id: patientId,
    entry: '{}',
    previous_hash: HASH,
    hash: HASH,
  });
  await insert('audit_branches', {
    ...scope,
    station_id: stationId,
    branch: 1,
    from_sequence: 1,
    left_at_sequence: 1,
  });
  await insert('audit_breaks', { ...entry, id: of('break'), reason: 'CHANGED', entries: '[]', entries_sha256: HASH });
  const event = {
    data: JSON.stringify({ name: 'Clinic', role: 'clinician' }),
    metadata: '{}',
    occurred_at: new Date(),
  };
  await insert('domain_events', {
    id: of('event'),
    ...scope,
    type: 'StationEnrolled',
    subject_id: stationId,
    ...event,
  });
  const wide = { tenant_id: tenantId, ...event };
  await insert('domain_events', {
    id: derivedId(tenantId, 'created'),
    ...wide,
    type: 'OrganizationCreated',
    subject_id: tenantId,
  });
  await insert('domain_events', { id: of('invited'), ...wide, type: 'UserInvited', subject_id: of('invitation') });
  await insert('file_keys', {
    key_id: derivedId(tenantId, 'file-key'),
    tenant_id: tenantId,
    master_key_id: 'm',
    wrapped: '',
    state: 'active',
  });
  const file = { ...scope, file_id: of('file') };
  await insert('files', {
    id: of('file'),
    ...scope,
    station_id: stationId,
    sha256: HASH,
    size: 1,
    media_type: 'image/jpeg',
    state: 'partial',
    wrapped_key: '',
    key_id: derivedId(tenantId, 'file-key'),
    expires_at: new Date(),
  });
  await insert('file_segments', { ...file, start: 0, length: 1, object_id: of('object') });
  await insert('file_jobs', { tenant_id: tenantId, kind: 'expire', subject_id: of('file'), due_at: new Date() });
  await insert('browser_sessions', {
    id: of('browser'),
    tenant_id: tenantId,
    person_id: personId,
    issuer: 'https://issuer.test',
    subject: personId,
    name: 'Somebody',
    secret_sha256: of('secret'),
    signed_in_at: new Date(),
    seen_at: new Date(),
    expires_at: new Date(),
  });
  await insert('access_entries', {
    id: of('access'),
    ...scope,
    actor: `person:${personId}`,
    role: 'clinician',
    action: 'patient.read',
    subject_kind: 'session',
    subject_id: of('session'),
    patient_id: patientId,
  });
  await insert('notice_ways', {
    id: of('way'),
    tenant_id: tenantId,
    patient_id: patientId,
    person_id: personId,
    kind: 'mail',
    target: `${patientId}@example.org`,
    locale: 'en',
    agreed_at: new Date(),
  });
  await insert('notice_deliveries', {
    tenant_id: tenantId,
    key: of('notice'),
    way_id: of('way'),
    delivered_at: new Date(),
  });
  await insert('published_reports', {
    ...scope,
    report_id: of('report'),
    session_id: of('sessions'),
    patient_id: patientId,
    sha256: HASH,
    published_at: new Date(),
  });
  await insert('file_reads', {
    id: of('read'),
    ...file,
    actor: `person:${personId}`,
    role: 'clinician',
    first_byte: 0,
    last_byte: 0,
  });
}

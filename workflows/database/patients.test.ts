/** Two patients of one clinic at one location: what the policies keep apart between the two, in every table. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { derivedId } from '../../electron/contract/index.ts';
import type { Scope, Scoped } from './scope.ts';
import { withScope } from './scope.ts';
import { patientDocument, seedPlaces, seeded } from './testing/seed.ts';
import type { TestDatabase } from './testing/test-database.ts';
import { createTestDatabase } from './testing/test-database.ts';

const HERE = seeded('north', 'harbour');
const HILL = seeded('north', 'hill');
const NAMES = ['one', 'two'] as const;
type Name = (typeof NAMES)[number];
const COLLECTIONS = ['patients', 'appointments', 'consents', 'sessions', 'captures', 'findings', 'reports', 'alerts'];
const READ = ['appointments', 'consents', 'patients', 'sessions'];
/** Of the table of files. */
const FILES = ['published', 'unpublished', 'picture'] as const;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await seedPlaces(database.admin);
  const client = await database.admin.connect();
  await client.query(
    `SELECT set_config('vantage.tenant', $1, false), set_config('vantage.locations', '*', false),
            set_config('vantage.role', 'service', false), set_config('vantage.actor', 'seed', false)`,
    [HERE.tenantId],
  );
  const insert = async (table: string, row: Readonly<Record<string, unknown>>): Promise<void> => {
    const places = Object.keys(row).map((_, index) => `$${index + 1}`);
    await client.query(
      `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${places.join(', ')})`,
      Object.values(row),
    );
  };
  const at = { tenant_id: HERE.tenantId, location_id: HERE.locationId };
  await insert('stations', { id: HERE.stationId, ...at, name: 'Room', state: 'active', contract_version: '1.0' });
  for (const name of NAMES) {
    const fileKey = idOf(name, 'file-key');
    await insert('file_keys', {
      key_id: fileKey,
      tenant_id: HERE.tenantId,
      master_key_id: 'm',
      wrapped: '',
      state: name === 'one' ? 'active' : 'retired',
    });
    for (const collection of COLLECTIONS) {
      const id = collection === 'patients' ? patientOf(name) : idOf(name, collection);
      const document = {
        ...patientDocument(HERE, id),
        patientId: patientOf(name),
        sessionId: idOf(name, 'sessions'),
        sha256: hashOf(name, 'published'),
      };
      await insert('documents', {
        ...at,
        collection,
        id,
        station_id: HERE.stationId,
        contract_version: '1.0',
        document: JSON.stringify(document),
        deleted: false,
        hlc: '',
      });
    }
    await insert('notice_ways', {
      id: idOf(name, 'way'),
      tenant_id: HERE.tenantId,
      patient_id: patientOf(name),
      person_id: idOf(name, 'login'),
      kind: 'mail',
      target: `${idOf(name, 'address')}@example.org`,
      locale: 'en',
      agreed_at: new Date(),
    });
    for (const file of FILES) {
      await insert('files', {
        id: idOf(name, file),
        ...at,
        station_id: HERE.stationId,
        sha256: hashOf(name, file),
        size: 1,
        durable: 1,
        media_type: 'application/pdf',
        state: 'verified',
        wrapped_key: '',
        key_id: fileKey,
        expires_at: new Date(),
        verified_at: new Date(),
      });
      await insert('file_segments', {
        ...at,
        file_id: idOf(name, file),
        start: 0,
        length: 1,
        object_id: idOf(name, file),
      });
      await insert('file_jobs', {
        tenant_id: HERE.tenantId,
        kind: 'verify',
        subject_id: idOf(name, file),
        due_at: new Date(),
      });
    }
    await publish(insert, name, idOf(name, 'reports'), hashOf(name, 'published'));
    // Of a report that is not this visit's: no publication at all.
    await publish(insert, name, idOf(other(name), 'reports'), hashOf(other(name), 'published'));
    await publish(insert, name, idOf(name, 'reports'), hashOf(name, 'unpublished'));
  }
  client.release(true);
});
afterAll(async () => database.close());

type Insert = (table: string, row: Readonly<Record<string, unknown>>) => Promise<void>;

async function publish(insert: Insert, name: Name, reportId: string, sha256: string): Promise<void> {
  await insert('domain_events', {
    id: derivedId('publish', name, reportId, sha256),
    tenant_id: HERE.tenantId,
    location_id: HERE.locationId,
    type: 'ReportPublished',
    subject_id: idOf(name, 'sessions'),
    data: JSON.stringify({ reportId, sha256, version: 1 }),
    metadata: '{}',
    occurred_at: new Date(),
  });
}

function idOf(name: Name, what: string): string {
  return derivedId('patients-test', name, what);
}

function patientOf(name: Name): string {
  return idOf(name, 'person');
}

function hashOf(name: Name, what: string): string {
  return Buffer.from(`${name} ${what}`).toString('hex').padEnd(64, '0').slice(0, 64);
}

function other(name: Name): Name {
  return name === 'one' ? 'two' : 'one';
}

function scopeOf(name: Name, locations: readonly string[] | '*' = [HERE.locationId]): Scope {
  return { role: 'patient', tenantId: HERE.tenantId, locations, actor: `person:${name}`, patientId: patientOf(name) };
}

async function as<T>(scope: Scope, work: (tx: Scoped) => Promise<T>): Promise<T> {
  return withScope(database.api, scope, work);
}

/** How much they see of what there is. */
async function looks(scope: Scope): Promise<number> {
  return as(scope, async (tx) => {
    const documents = await tx.selectFrom('documents').select('id').execute();
    const files = await tx.selectFrom('files').select('id').execute();
    return documents.length + files.length;
  });
}

function entry(name: Name, patientId: string) {
  return {
    id: derivedId('entry', name, patientId),
    tenant_id: HERE.tenantId,
    location_id: HERE.locationId,
    actor: `person:${name}`,
    role: 'patient',
    action: 'visit.followed',
    subject_kind: 'session',
    subject_id: idOf(name, 'sessions'),
    patient_id: patientId,
    detail: '{}',
  };
}

describe('a patient', () => {
  it.each(NAMES)('%s sees nothing of the other patient, in any table', async (name) => {
    const { rows: tables } = await database.admin.query<{ tablename: string }>(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY 1`,
    );
    const seen = new Map<string, number>();
    const leaks: string[] = [];
    const theirs = [
      ...[...COLLECTIONS, ...FILES, 'person', 'file-key', 'way', 'address'].map((what) => idOf(other(name), what)),
      ...FILES.map((file) => hashOf(other(name), file)),
    ];
    for (const locations of [[HERE.locationId], '*'] as const) {
      await as(scopeOf(name, locations), async (tx) => {
        for (const { tablename } of tables) {
          const { rows } = await sql<{ row: string }>`
            SELECT to_jsonb(t)::text AS row FROM ${sql.table(tablename)} AS t`.execute(tx);
          seen.set(tablename, rows.length);
          leaks.push(
            ...rows.filter(({ row }) => theirs.some((id) => row.includes(id))).map(({ row }) => `${tablename} ${row}`),
          );
        }
      });
    }
    expect(leaks).toEqual([]);
    // It would be found: both are looked for where both are.
    const { rows } = await database.admin.query<{ row: string }>('SELECT to_jsonb(d)::text AS row FROM documents AS d');
    expect(rows.filter(({ row }) => theirs.some((id) => row.includes(id)))).toHaveLength(COLLECTIONS.length);
    expect(seen.get('documents')).toBe(READ.length);
    expect(seen.get('published_reports')).toBe(1);
    expect(seen.get('notice_ways')).toBe(1);
  });

  it.each(NAMES)('%s reads their visits, and of files the published report alone', async (name) => {
    await as(scopeOf(name), async (tx) => {
      const documents = await tx.selectFrom('documents').select('collection').orderBy('collection').execute();
      expect(documents.map(({ collection }) => collection)).toEqual(READ);
      const files = await tx.selectFrom('files').select('id').execute();
      expect(files).toEqual([{ id: idOf(name, 'published') }]);
      expect(await tx.selectFrom('file_segments').select('file_id').execute()).toHaveLength(1);
      expect(await tx.selectFrom('file_keys').select('key_id').execute()).toEqual([{ key_id: idOf(name, 'file-key') }]);
      expect(await tx.selectFrom('file_jobs').select('subject_id').execute()).toHaveLength(1);
    });
  });

  it('sees nothing at a location where they are no patient, and nothing without being one', async () => {
    expect(await looks(scopeOf('one', [HILL.locationId]))).toBe(0);
    expect(await looks({ ...scopeOf('one'), patientId: undefined })).toBe(0);
    expect(await looks({ ...scopeOf('one'), tenantId: seeded('south', 'harbour').tenantId })).toBe(0);
  });

  it('writes down their own looks only, and changes nothing', async () => {
    await as(scopeOf('one'), async (tx) =>
      tx
        .insertInto('access_entries')
        .values(entry('one', patientOf('one')))
        .execute(),
    );
    await expect(
      as(scopeOf('one'), async (tx) =>
        tx
          .insertInto('access_entries')
          .values(entry('one', patientOf('two')))
          .execute(),
      ),
    ).rejects.toThrow('row-level security');
    await expect(
      as(scopeOf('one'), async (tx) =>
        tx
          .insertInto('file_reads')
          .values({
            id: derivedId('read'),
            tenant_id: HERE.tenantId,
            location_id: HERE.locationId,
            file_id: idOf('one', 'picture'),
            actor: 'person:one',
            role: 'patient',
            first_byte: 0,
            last_byte: 0,
          })
          .execute(),
      ),
    ).rejects.toThrow('row-level security');
    await as(scopeOf('one'), async (tx) => {
      const changed = await tx.updateTable('documents').set({ deleted: true }).executeTakeFirst();
      expect(changed.numUpdatedRows).toBe(0n);
    });
    await expect(
      as(scopeOf('one'), async (tx) => sql`INSERT INTO published_reports SELECT * FROM published_reports`.execute(tx)),
    ).rejects.toThrow('permission denied');
  });
});

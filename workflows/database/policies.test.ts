import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scope, ScopeRole, Scoped } from './scope.ts';
import { lockWrites, withScope } from './scope.ts';
import type { SeededLocation } from './testing/seed.ts';
import { LOCATIONS, TENANTS, seedEverything, seeded } from './testing/seed.ts';
import type { TestDatabase } from './testing/test-database.ts';
import { createTestDatabase } from './testing/test-database.ts';

const ROLES: readonly ScopeRole[] = [
  'patient',
  'facilitator',
  'technician',
  'clinician',
  'operator',
  'admin',
  'station',
  'service',
  'enrolment',
  'keeper',
  'nobody',
];
const PLACES = TENANTS.flatMap((tenant) => LOCATIONS.map((location) => seeded(tenant, location)));
const HERE = seeded('north', 'harbour');
const ELSEWHERE = seeded('north', 'hill');

let database: TestDatabase;
let tables: readonly string[];
beforeAll(async () => {
  database = await createTestDatabase();
  await seedEverything(database.admin);
  const { rows } = await database.admin.query<{ tablename: string }>(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY 1`,
  );
  tables = rows.map((row) => row.tablename);
});
afterAll(async () => database.close());

function scopeOf(role: ScopeRole, place: SeededLocation, locations: readonly string[] | '*'): Scope {
  return {
    role,
    tenantId: place.tenantId,
    locations,
    actor: role === 'station' ? `station:${place.stationId}` : 'service',
    ...(role === 'station' && { stationId: place.stationId }),
    ...(role === 'patient' && { patientId: place.patientId }),
    identity: { issuer: 'https://issuer.test', subject: place.personId },
  };
}

/** What a row belongs to, read off its columns; null where the table has no such column or the row says no location. */
interface Owner {
  readonly tenant: string | null;
  readonly location: string | null;
  readonly station: string | null;
}

async function rolesSeen(scope: Scope): Promise<number> {
  return (await visible(scope, 'people_roles')).length;
}

async function look(tx: Scoped, table: string): Promise<readonly Owner[]> {
  const { rows } = await sql<{ row: Readonly<Record<string, string>> }>`
    SELECT to_jsonb(t) AS row FROM ${sql.table(table)} AS t`.execute(tx);
  return rows.map(({ row }) => ({
    tenant: row['tenant_id'] ?? (table === 'tenants' ? (row['id'] ?? null) : null),
    location: row['location_id'] ?? (table === 'locations' ? (row['id'] ?? null) : null),
    station: row['station_id'] ?? null,
  }));
}

async function visible(scope: Scope, table: string): Promise<readonly Owner[]> {
  return withScope(database.api, scope, async (tx) => look(tx, table));
}

/** Found by who one is, whatever the locations: a station's own record and keys, a person's own roles. */
const FOUND_BY_ONESELF: ReadonlySet<string> = new Set(['stations', 'station_keys', 'people_roles', 'mutations']);

/** @param looksForWork the API's keeper of files: of file_jobs, and of nothing else, it sees every tenant's (ids and times) */
function leaks(
  rows: readonly Owner[],
  table: string,
  place: SeededLocation,
  locations: readonly string[] | '*',
  looksForWork = false,
): readonly Owner[] {
  if (looksForWork) return rows.filter(({ location, station }) => location !== null || station !== null);
  const allowed = FOUND_BY_ONESELF.has(table) && locations !== '*' ? [...locations, place.locationId] : locations;
  return rows.filter(
    (row) =>
      (row.tenant !== null && row.tenant !== place.tenantId) ||
      (row.location !== null && allowed !== '*' && !allowed.includes(row.location)) ||
      (row.tenant === null && row.station !== place.stationId),
  );
}

describe('row-level security', () => {
  it('is on, forced, and has a policy at every table', async () => {
    const { rows } = await database.admin.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND relname <> 'schema_migrations'
         AND (NOT relrowsecurity OR NOT relforcerowsecurity
              OR NOT EXISTS (SELECT FROM pg_policies WHERE tablename = relname))`,
    );
    expect(rows).toEqual([]);
    const views = await database.admin.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')`,
    );
    expect(views.rows).toEqual([]);
  });

  it('is tried with rows of every place in every table', async () => {
    const poor: string[] = [];
    for (const table of tables) {
      const { rows } = await database.admin.query(`SELECT FROM ${table} LIMIT 2`);
      if (rows.length < 2) poor.push(table);
    }
    expect(poor).toEqual([]);
  });

  it('shows nothing of another tenant or location, to any role, in any table', async () => {
    let looked = 0;
    let seen = 0;
    const found: string[] = [];
    for (const role of ROLES) {
      for (const place of PLACES) {
        for (const locations of [[place.locationId], '*', []] as const) {
          await withScope(database.api, scopeOf(role, place, locations), async (tx) => {
            for (const table of tables) {
              const rows = await look(tx, table);
              looked += 1;
              seen += rows.length;
              found.push(
                ...leaks(rows, table, place, locations, role === 'keeper' && table === 'file_jobs').map(
                  (row) => `${role} ${table} ${JSON.stringify(row)}`,
                ),
              );
            }
          });
        }
      }
    }
    console.log(
      `${looked} looks (${tables.length} tables, ${ROLES.length} roles), ${seen} own rows, ${found.length} leaks`,
    );
    expect(found).toEqual([]);
    expect(seen).toBeGreaterThan(0);
  });

  it('shows nothing to a transaction that has not said who asks', async () => {
    const found: string[] = [];
    for (const table of tables) {
      const { rows } = await database.api
        .transaction()
        .execute(async (tx) => sql`SELECT 1 FROM ${sql.table(table)}`.execute(tx));
      if (rows.length > 0) found.push(table);
    }
    expect(found).toEqual([]);
  });

  it('would be found missing: a table whose policy is switched off leaks in this very test', async () => {
    await database.admin.query('ALTER TABLE quarantine DISABLE ROW LEVEL SECURITY');
    try {
      const rows = await visible(scopeOf('admin', HERE, [HERE.locationId]), 'quarantine');
      expect(leaks(rows, 'quarantine', HERE, [HERE.locationId])).toHaveLength(3);
    } finally {
      await database.admin.query('ALTER TABLE quarantine ENABLE ROW LEVEL SECURITY');
    }
  });

  it.each([
    ['patient', ['patients', 'sessions']],
    ['facilitator', ['devices', 'patients', 'sessions']],
    ['technician', ['devices']],
    ['clinician', ['devices', 'patients', 'sessions']],
    ['operator', ['devices']],
    ['admin', ['devices', 'patients', 'sessions', 'staff']],
    ['station', ['devices', 'patients', 'sessions', 'staff']],
    ['nobody', []],
  ] as const)('shows a %s of documents only %j', async (role, collections) => {
    const rows = await withScope(database.api, scopeOf(role, HERE, [HERE.locationId]), async (tx) =>
      tx.selectFrom('documents').select('collection').orderBy('collection').execute(),
    );
    expect(rows.map((row) => row.collection)).toEqual(collections);
  });

  it('shows the keeper of files when work is due, for whomever, and nothing else at all', async () => {
    const scope: Scope = { role: 'keeper', tenantId: null, locations: [], actor: 'keeper' };
    const seen: string[] = [];
    for (const table of tables) if ((await visible(scope, table)).length > 0) seen.push(table);
    expect(seen).toEqual(['file_jobs']);
    const { rows } = await database.admin.query(`SELECT DISTINCT tenant_id FROM file_jobs`);
    expect(rows).toHaveLength(TENANTS.length);
    expect((await visible(scope, 'file_jobs')).length).toBe(PLACES.length);
  });

  it('shows a patient nothing of another patient', async () => {
    const scope = { ...scopeOf('patient', HERE, [HERE.locationId]), patientId: ELSEWHERE.patientId };
    const rows = await withScope(database.api, scope, async (tx) => tx.selectFrom('documents').select('id').execute());
    expect(rows).toEqual([]);
  });

  it('shows the people and roles of the tenant to nobody but themselves and an administrator of every location', async () => {
    expect(await rolesSeen(scopeOf('clinician', HERE, '*'))).toBe(1);
    expect(await rolesSeen(scopeOf('admin', HERE, [HERE.locationId]))).toBe(1);
    expect(await rolesSeen(scopeOf('admin', HERE, '*'))).toBe(2);
  });
});

function alertOf(place: SeededLocation) {
  return {
    tenant_id: place.tenantId,
    collection: 'alerts',
    id: place.stationId,
    location_id: place.locationId,
    station_id: place.stationId,
    contract_version: '1.0',
    document: JSON.stringify({ id: place.stationId, tenantId: place.tenantId, locationId: place.locationId }),
    deleted: false,
    hlc: '',
  };
}

/** Says something of every file that the role may change. @throws Error with how many those were */
async function claim(role: ScopeRole, state: 'verified' | 'gone'): Promise<never> {
  return withScope(database.api, scopeOf(role, HERE, [HERE.locationId]), async (tx) => {
    const done = await tx.updateTable('files').set({ state, durable: 1, verified_at: new Date() }).executeTakeFirst();
    throw new Error(`changed ${done.numUpdatedRows}`);
  });
}

describe('writing past the policies', () => {
  it.each([
    ['of another tenant', seeded('south', 'harbour')],
    ['of another location', ELSEWHERE],
  ])('a document %s is refused', async (_what, place) => {
    await expect(
      withScope(database.api, scopeOf('station', HERE, [HERE.locationId]), async (tx) =>
        tx.insertInto('documents').values(alertOf(place)).execute(),
      ),
    ).rejects.toThrow(/row-level security|lock_writes/);
  });

  it.each([
    ['of another tenant', seeded('south', 'harbour')],
    ['of another location', ELSEWHERE],
  ])('a set with a document %s is refused', async (_what, place) => {
    const { document, ...row } = alertOf(place);
    const rows = JSON.stringify([{ ...row, as_sent: true }]);
    await expect(
      withScope(database.api, scopeOf('station', HERE, [HERE.locationId]), async (tx) => {
        await lockWrites(tx);
        return sql`SELECT write_documents(${place.tenantId}, 'alerts', false, ${rows}::jsonb, ${document})`.execute(tx);
      }),
    ).rejects.toThrow(/row-level security|lock_writes/);
  });

  it('nobody chooses their place in the order of writes, or who they were', async () => {
    for (const column of ['seq', 'version', 'changed_by', 'as_sent']) {
      await expect(
        withScope(database.api, scopeOf('station', HERE, [HERE.locationId]), async (tx) =>
          sql`INSERT INTO documents (${sql.ref(column)}) VALUES (NULL)`.execute(tx),
        ),
      ).rejects.toThrow('permission denied');
    }
  });

  it('a document that names another place than its row is refused', async () => {
    await expect(
      withScope(database.api, scopeOf('station', HERE, [HERE.locationId]), async (tx) =>
        tx
          .insertInto('documents')
          .values({ ...alertOf(HERE), document: alertOf(ELSEWHERE).document })
          .execute(),
      ),
    ).rejects.toThrow('check constraint');
  });

  it.each(ROLES.filter((role) => role !== 'station' && role !== 'service'))('a %s writes no document', async (role) => {
    await expect(
      withScope(database.api, scopeOf(role, HERE, '*'), async (tx) =>
        tx.insertInto('documents').values(alertOf(HERE)).execute(),
      ),
    ).rejects.toThrow('row-level security');
  });

  it.each(ROLES)('a %s changes and removes nothing elsewhere', async (role) => {
    const scope = scopeOf(role, HERE, [HERE.locationId]);
    await withScope(database.api, scope, async (tx) => {
      const changed = await tx
        .updateTable('documents')
        .set({ deleted: true })
        .where('location_id', '<>', HERE.locationId)
        .executeTakeFirst();
      const revoked = await tx
        .updateTable('stations')
        .set({ state: 'revoked' })
        .where('location_id', '<>', HERE.locationId)
        .executeTakeFirst();
      const removed = await tx.deleteFrom('documents').where('deleted', '=', false).executeTakeFirst();
      expect([changed.numUpdatedRows, revoked.numUpdatedRows, removed.numDeletedRows]).toEqual([0n, 0n, 0n]);
    });
  });

  it('no station says of a file that it is verified', async () => {
    await expect(claim('station', 'verified')).rejects.toThrow('row-level security');
    await expect(claim('station', 'gone')).rejects.toThrow('changed 1');
    await expect(claim('service', 'verified')).rejects.toThrow('changed 1');
    await expect(claim('clinician', 'gone')).rejects.toThrow('changed 0');
  });

  it('the trail and the events can be changed by nobody, not even their owner', async () => {
    for (const [table, column] of [
      ['audit_entries', 'hash'],
      ['audit_breaks', 'reason'],
      ['audit_branches', 'branch'],
      ['domain_events', 'type'],
      ['file_reads', 'role'],
      ['access_entries', 'role'],
      ['published_reports', 'sha256'],
    ]) {
      await expect(database.admin.query(`UPDATE ${table} SET ${column} = ${column}`)).rejects.toThrow('append-only');
      await expect(database.admin.query(`DELETE FROM ${table}`)).rejects.toThrow('append-only');
      await expect(database.admin.query(`TRUNCATE ${table}`)).rejects.toThrow('append-only');
    }
  });
});

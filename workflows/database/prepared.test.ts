import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { StatementNames } from './prepared.ts';
import { withScope } from './scope.ts';
import type { TestDatabase } from './testing/test-database.ts';
import { createTestDatabase } from './testing/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => database.close());

describe('a statement', () => {
  it('has a name from the second time on, and keeps it', () => {
    const names = new StatementNames();
    expect(names.of('SELECT $1')).toBeNull();
    const name = names.of('SELECT $1');
    expect(name).not.toBeNull();
    expect(names.of('SELECT $1')).toBe(name);
    expect([names.of('SELECT $2'), names.of('SELECT $2')]).not.toContain(name);
  });

  it('whose columns a migration may change has none', () => {
    const names = new StatementNames();
    expect([1, 2, 3].map(() => names.of('select * from "files" where "id" = $1'))).toEqual([null, null, null]);
  });

  it('has none where there are very many of them, and those that have one keep it', () => {
    const names = new StatementNames();
    const first = [names.of('SELECT $1'), names.of('SELECT $1')][1];
    for (let length = 0; length < 3000; length += 1) {
      names.of(`SELECT ${length}`);
      names.of(`SELECT ${length}`);
    }
    expect([names.of('SELECT 2999'), names.of('SELECT 2999')]).toEqual([null, null]);
    expect(names.of('SELECT $1')).toBe(first);
  });

  it('that comes again is prepared, and sees what each transaction may see', async () => {
    const places = [newId(), newId()];
    for (const [index, id] of places.entries()) {
      await database.admin.query('INSERT INTO tenants (id, name) VALUES ($1, $2)', [id, `tenant ${index}`]);
    }
    const seen = async (tenantId: string): Promise<readonly string[]> => {
      const scope = { role: 'service', tenantId, locations: '*', actor: 'service' } as const;
      return withScope(database.api, scope, async (tx) =>
        (await tx.selectFrom('tenants').select('name').where('id', 'in', places).execute()).map(({ name }) => name),
      );
    };
    for (let times = 0; times < 12; times += 1) {
      for (const [index, id] of places.entries()) expect(await seen(id)).toEqual([`tenant ${index}`]);
    }
    const { rows } = await sql<{ count: number }>`
      SELECT count(1) AS count FROM pg_prepared_statements WHERE statement LIKE '%from "tenants"%'`.execute(
      database.api,
    );
    expect(rows[0]?.count).toBeGreaterThan(0);
  });
});

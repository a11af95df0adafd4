import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from './testing/test-database.ts';
import { createTestDatabase } from './testing/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => database.close());

describe('a connection that breaks', () => {
  it('between two statements of a transaction ends that transaction, and nothing else', async () => {
    const ended: unknown[] = [];
    const note = (error: unknown): void => {
      ended.push(error);
    };
    process.on('uncaughtException', note);
    try {
      const work = database.api.transaction().execute(async (tx) => {
        const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx);
        await database.admin.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
        // The server says goodbye to a connection of which nobody waits for anything.
        await expect.poll(async () => (await processes(rows[0]?.pid)).length).toBe(0);
        for (let turns = 0; turns < 20; turns += 1) await turn();
        await sql`SELECT 1`.execute(tx);
      });
      await expect(work).rejects.toThrow(/connection/iu);
    } finally {
      process.off('uncaughtException', note);
    }
    expect(ended).toEqual([]);
    expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(database.api)).rows).toEqual([{ one: 1 }]);
  });
});

async function processes(pid: number | undefined): Promise<unknown[]> {
  return (await database.admin.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])).rows;
}

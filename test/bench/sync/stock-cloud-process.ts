/**
 * The server of RxDB's tutorial on HTTP replication, on PostgreSQL: a row per document, ordered by when it was updated and its id.
 * A push is one transaction in which each row is looked up, compared, and written.
 */
import Fastify from 'fastify';
import type { FastifyRequest } from 'fastify';
import { Pool } from 'pg';
import type { RxReplicationWriteToMasterRow } from 'rxdb';
import { serve } from '../store/worker.ts';
import type { StockCheckpoint, StockDocument } from './stock-side.ts';

const pool = new Pool({ connectionString: process.argv[2] });
const app = Fastify({ bodyLimit: 48 * 1024 * 1024 });

async function pull(request: FastifyRequest) {
  const { updatedAt, id, limit } = request.query as Record<'updatedAt' | 'id' | 'limit', string>;
  const { rows } = await pool.query<{ data: StockDocument }>(
    'SELECT data FROM documents WHERE (updated_at, id) > ($1, $2) ORDER BY updated_at, id LIMIT $3',
    [updatedAt, id, Number(limit)],
  );
  const documents = rows.map(({ data }) => data);
  const last = documents.at(-1);
  const checkpoint: StockCheckpoint =
    last === undefined ? { updatedAt, id } : { updatedAt: last.updatedAt, id: last.id };
  return { documents, checkpoint };
}

async function push(request: FastifyRequest): Promise<StockDocument[]> {
  const conflicts: StockDocument[] = [];
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    for (const {
      newDocumentState,
      assumedMasterState,
    } of request.body as RxReplicationWriteToMasterRow<StockDocument>[]) {
      const { id, updatedAt } = newDocumentState;
      const { rows } = await client.query<{ data: StockDocument }>('SELECT data FROM documents WHERE id = $1', [id]);
      const master = rows[0]?.data;
      if (master !== undefined && master.updatedAt !== assumedMasterState?.updatedAt) {
        conflicts.push(master);
        continue;
      }
      await client.query(
        `INSERT INTO documents (id, updated_at, data) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, data = excluded.data`,
        [id, updatedAt, JSON.stringify(newDocumentState)],
      );
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
  return conflicts;
}

app.route({ method: 'GET', url: '/pull', handler: pull });
app.route({ method: 'POST', url: '/push', handler: push });

serve(
  {
    /** @returns its address */
    listen: async () => app.listen({ host: '127.0.0.1', port: 0 }),
    /** As on the first day. */
    reset: async () => {
      await pool.query('DROP TABLE IF EXISTS documents');
      await pool.query('CREATE TABLE documents (id text PRIMARY KEY, updated_at text NOT NULL, data jsonb NOT NULL)');
      await pool.query('CREATE INDEX documents_updated ON documents (updated_at, id)');
    },
  },
  async () => {
    await app.close();
    await pool.end();
  },
);

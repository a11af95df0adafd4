/**
 * The server of RxDB's tutorial on HTTP replication (https://rxdb.info/replication-http.html, "Implement the Pull Endpoint" and
 * "Implement the Push Endpoint"), moved from MongoDB to PostgreSQL: a row per document, ordered by when it was updated and its id. A push
 * looks each row up, compares, and writes it, each by itself, one after the other; what its code only starts is awaited. The order has an
 * index, which the tutorial does not speak of. Nobody is told of events: nobody listens.
 *
 * "For simplicity in this tutorial, we do not use transactions. In reality you should run the full push function inside of a MongoDB
 * transaction": that is `/push-in-one`.
 */
import Fastify from 'fastify';
import type { FastifyRequest } from 'fastify';
import { Pool } from 'pg';
import type { PoolClient } from 'pg';
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
  return written(request, pool);
}

async function pushInOne(request: FastifyRequest): Promise<StockDocument[]> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const conflicts = await written(request, client);
    await client.query('COMMIT');
    return conflicts;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

async function written({ body }: FastifyRequest, database: Pool | PoolClient): Promise<StockDocument[]> {
  const conflicts: StockDocument[] = [];
  for (const { newDocumentState, assumedMasterState } of body as RxReplicationWriteToMasterRow<StockDocument>[]) {
    const { id, updatedAt } = newDocumentState;
    const { rows } = await database.query<{ data: StockDocument }>('SELECT data FROM documents WHERE id = $1', [id]);
    const master = rows[0]?.data;
    if (master !== undefined && master.updatedAt !== assumedMasterState?.updatedAt) {
      conflicts.push(master);
      continue;
    }
    await database.query(
      `INSERT INTO documents (id, updated_at, data) VALUES ($1, $2, $3)
       ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, data = excluded.data`,
      [id, updatedAt, JSON.stringify(newDocumentState)],
    );
  }
  return conflicts;
}

app.route({ method: 'GET', url: '/pull', handler: pull });
app.route({ method: 'POST', url: '/push', handler: push });
app.route({ method: 'POST', url: '/push-in-one', handler: pushInOne });

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

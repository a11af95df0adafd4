/**
 * Statements that come again are prepared: PostgreSQL reads a text, adds the policies of its tables and, once that pays, plans it, once per
 * connection instead of each time.
 */
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient } from 'pg';

/** Of one process: a connection keeps each of them. */
const MOST_NAMES = 300;
/** Texts that were seen once; they are forgotten all at once. */
const MOST_SEEN = 1000;

/** Which texts have a name. Those with lists of different lengths are many, and come once each: they get none. */
export class StatementNames {
  readonly #names = new Map<string, string>();
  readonly #seen = new Set<string>();

  /** Null: it is not prepared. */
  of(text: string): string | null {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    // What `*` means changes with a migration, and a statement that is prepared would fail then.
    if (text.includes('*') || this.#names.size >= MOST_NAMES) return null;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size >= MOST_SEEN) this.#seen.clear();
      this.#seen.add(text);
      return null;
    }
    const name = `s${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}

/** The same pool, whose connections prepare what comes again. */
export function preparing(pool: Pool): PostgresPool {
  const names = new StatementNames();
  // Whoever borrows a connection knows it again.
  const clients = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    connect: async () => {
      const client = await pool.connect();
      const known = clients.get(client) ?? preparingClient(client, names);
      clients.set(client, known);
      return known;
    },
    end: async () => pool.end(),
  };
}

function preparingClient(client: PoolClient, names: StatementNames): PostgresPoolClient {
  const query = async (text: string, parameters: readonly unknown[]): Promise<unknown> => {
    const values = [...parameters];
    // Without parameters it is a word of the transaction's own: BEGIN, COMMIT.
    const name = values.length === 0 ? null : names.of(text);
    return client.query({ text, values, ...(name !== null && { name }) });
  };
  return {
    query: query as <R>(text: string, parameters: readonly unknown[]) => Promise<PostgresQueryResult<R>>,
    // A connection that broke is not lent again.
    release: (destroy) => client.release(destroy),
  } as PostgresPoolClient;
}

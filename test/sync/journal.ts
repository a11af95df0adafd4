/**
 * A station's own record of what it wrote, in the very transactions of the writes: what the file holds of the one it holds of the other,
 * whenever the process died.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { Written } from './oracle.ts';

export interface JournalEntry extends Written {
  readonly number: number;
}

export class Journal {
  readonly #sqlite: Database;

  constructor(sqlite: Database) {
    this.#sqlite = sqlite;
    sqlite.exec(
      'CREATE TABLE IF NOT EXISTS proof_journal (number INTEGER PRIMARY KEY, entry_json TEXT NOT NULL) STRICT',
    );
  }

  /** Within the transaction of the write. */
  add(entry: JournalEntry): void {
    this.#sqlite
      .prepare('INSERT INTO proof_journal (number, entry_json) VALUES (?, ?)')
      .run(entry.number, JSON.stringify(entry));
  }

  /** 0: nothing was written yet. */
  last(): number {
    return Number(this.#sqlite.prepare('SELECT coalesce(max(number), 0) FROM proof_journal').pluck().get());
  }

  entries(): JournalEntry[] {
    const rows = this.#sqlite.prepare<[], string>('SELECT entry_json FROM proof_journal ORDER BY number').pluck().all();
    return rows.map((row) => JSON.parse(row) as JournalEntry);
  }
}

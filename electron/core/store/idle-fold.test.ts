import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { IdleFold } from './idle-fold.ts';

let directory: string;
let sqlite: Database;
let fold: IdleFold;

beforeEach(() => {
  vi.useFakeTimers();
  directory = mkdtempSync(join(tmpdir(), 'idle-fold-'));
  sqlite = new BetterSqlite(join(directory, 'a.db'));
  sqlite.exec(
    `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 100000;
     CREATE TABLE IF NOT EXISTS pages (data BLOB); PRAGMA wal_checkpoint(TRUNCATE)`,
  );
  fold = new IdleFold(sqlite);
});
afterEach(() => {
  fold.close();
  sqlite.close();
  rmSync(directory, { recursive: true, force: true });
  vi.useRealTimers();
});

function writePages(count: number): void {
  const insert = sqlite.prepare('INSERT INTO pages VALUES (zeroblob(3800))');
  for (let page = 0; page < count; page += 1) insert.run();
  fold.committed();
}

function inLog(): number {
  const [count] = sqlite.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[];
  return (count?.log ?? 0) - (count?.checkpointed ?? 0);
}

it('writes a long log back after a pause, and not before', () => {
  writePages(300);
  vi.advanceTimersByTime(90);
  fold.committed();
  vi.advanceTimersByTime(90);
  expect(inLog()).toBeGreaterThan(500);
  vi.advanceTimersByTime(20);
  expect(inLog()).toBe(0);
});

it('leaves a short log alone', () => {
  writePages(5);
  vi.advanceTimersByTime(1000);
  expect(inLog()).toBeGreaterThan(0);
});

it('leaves a log alone that is held, and one in a transaction', () => {
  writePages(300);
  sqlite.pragma('wal_autocheckpoint = 0');
  vi.advanceTimersByTime(1000);
  expect(inLog()).toBeGreaterThan(500);
  sqlite.pragma('wal_autocheckpoint = 100000');
  sqlite.exec('BEGIN');
  fold.committed();
  vi.advanceTimersByTime(1000);
  sqlite.exec('COMMIT');
  expect(inLog()).toBeGreaterThan(500);
});

it('does nothing after it was closed, nor to a file that was', () => {
  writePages(300);
  fold.close();
  fold.committed();
  vi.advanceTimersByTime(1000);
  expect(inLog()).toBeGreaterThan(500);
  const other = new IdleFold(sqlite);
  other.committed();
  sqlite.close();
  expect(() => vi.advanceTimersByTime(1000)).not.toThrow();
});

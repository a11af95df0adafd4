import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/documents.ts';
import type { SqliteConnection } from './index.ts';
import { openFile } from './open-file.ts';

const FULL = 2;
const NORMAL = 1;

let folder: ReturnType<typeof temporaryFolder>;
let connection: SqliteConnection;
beforeEach(() => {
  folder = temporaryFolder();
  connection = openFile(join(folder.path, 'file.sqlite'), {});
});
afterEach(() => {
  connection.sqlite.close();
  folder.remove();
});

function synchronous(): unknown {
  return connection.sqlite.pragma('synchronous', { simple: true });
}

describe('a transaction that does not wait for the disk', () => {
  it('leaves those after it as durable as those before, also when it fails', () => {
    expect(synchronous()).toBe(FULL);
    expect(connection.transactionWithoutFlush(synchronous)).toBe(NORMAL);
    expect(synchronous()).toBe(FULL);
    const failing = (): never => {
      connection.sqlite.exec('CREATE TABLE half (a)');
      throw new Error('no');
    };
    expect(() => connection.transactionWithoutFlush(failing)).toThrow('no');
    expect(synchronous()).toBe(FULL);
    expect(connection.sqlite.prepare(`SELECT name FROM sqlite_schema WHERE name = 'half'`).all()).toEqual([]);
  });

  it('waits where it is part of one that does, and where there is no write-ahead log', () => {
    expect(connection.transaction(() => connection.transactionWithoutFlush(synchronous))).toBe(FULL);
    connection.sqlite.pragma('journal_mode = DELETE');
    expect(connection.transactionWithoutFlush(synchronous)).toBe(FULL);
  });
});

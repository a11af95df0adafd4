/** Single values that the file knows of itself (table `station`). */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { prepared } from './prepared.ts';

export function readStationValue(sqlite: Database, key: string): string | null {
  const found = prepared(sqlite, 'SELECT value FROM station WHERE key = ?').pluck().get(key) as string | undefined;
  return found ?? null;
}

export function writeStationValue(sqlite: Database, key: string, value: string): void {
  prepared(
    sqlite,
    'INSERT INTO station (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  ).run(key, value);
}

/** The station's log: one JSON object a line, beside the data, for its owner only. Bounded: one former file is kept. */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino } from 'pino';
import type { Log } from '../../core/clinic-api.ts';

const LARGEST_BYTES = 10 * 1024 * 1024;
const CHECK_MS = 60_000;

/** @throws the file system's error when it can't be written. */
export function openLogFile(path: string, largestBytes = LARGEST_BYTES): Log {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const turn = (): boolean => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > largestBytes) renameSync(path, `${path}.1`);
    return size > largestBytes;
  };
  turn();
  const destination = pino.destination({ dest: path, mode: 0o600, sync: true });
  // A disk that is full must not end the station through its log.
  destination.on('error', () => undefined);
  setInterval(() => {
    if (turn()) destination.reopen();
  }, CHECK_MS).unref();
  return pino({ name: 'station', base: null }, destination);
}

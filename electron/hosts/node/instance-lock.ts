/**
 * One station per directory: whoever listens on the directory's socket has it. The system gives it back when the process ends, however
 * it ends. (Behind it stands the store's own lock on its file.)
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { VantageError } from '../../contract/index.ts';

export interface InstanceLock {
  release(): Promise<void>;
}

/** `sun_path` holds 104 bytes on macOS, 108 on Linux. */
const LONGEST_SOCKET_PATH = 100;
const PROBE_LIMIT_MS = 2000;
/** Longer than a turn can take. */
const TURN_LIMIT_MS = 6000;

/**
 * Takes the directory. `onSecondStart` is called when somebody else tries to.
 * @throws VantageError SECOND_INSTANCE when it is taken; the one that has it is told.
 */
export async function lockInstance(directory: string, onSecondStart: () => void): Promise<InstanceLock> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const address = lockAddress(directory);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end();
    onSecondStart();
  });
  server.unref();
  if (!(await canListen(server, address))) {
    await takeOver(server, address, directory);
  }
  if (process.platform !== 'win32') chmodSync(address, 0o600);
  return {
    release: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/**
 * Takes a socket that a killed process left behind. Two that start at once both find it silent: only the one that makes the folder
 * beside it may remove it, or the second would remove the first one's new socket.
 * @throws VantageError SECOND_INSTANCE
 */
async function takeOver(server: Server, address: string, directory: string): Promise<void> {
  const turn = `${address}.turn`;
  const giveUpAt = performance.now() + TURN_LIMIT_MS;
  for (;;) {
    if (await isAnswered(address)) throw new VantageError('SECOND_INSTANCE', directory);
    if (hasTurn(turn)) {
      try {
        // Somebody may have come and gone through here since it was asked.
        if (await isAnswered(address)) throw new VantageError('SECOND_INSTANCE', directory);
        rmSync(address, { force: true });
        if (await canListen(server, address)) return;
      } finally {
        rmdirSync(turn);
      }
    }
    if (performance.now() > giveUpAt) throw new VantageError('SECOND_INSTANCE', directory);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Makes the folder, unless somebody has it. One that was killed meanwhile left it behind: after a while it counts for nothing. */
function hasTurn(turn: string): boolean {
  try {
    mkdirSync(turn, { mode: 0o700 });
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const madeMs = statSync(turn, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (Math.abs(Date.now() - madeMs) > TURN_LIMIT_MS) rmSync(turn, { recursive: true, force: true });
  return false;
}

/**
 * The same for everybody who means this folder: under whatever name it was given, and in whatever environment (`TMPDIR` differs between
 * a terminal, a service and a desktop session).
 */
function lockAddress(directory: string): string {
  const name = createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 32);
  if (process.platform === 'win32') return `\\\\.\\pipe\\vantage-${name}`;
  const inside = join(directory, 'instance.sock');
  return Buffer.byteLength(inside) <= LONGEST_SOCKET_PATH ? inside : `/tmp/vantage-${name}.sock`;
}

/** @throws anything but "taken". */
async function canListen(server: Server, address: string): Promise<boolean> {
  try {
    server.listen(address);
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  }
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    // One that accepts nothing is there all the same.
    const limit = setTimeout(() => finish(true), PROBE_LIMIT_MS);
    const finish = (answer: boolean): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

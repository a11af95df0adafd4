/** Where the Node host has the master key from: a file in the demonstration, a passphrase in a clinic. Never environment or arguments. */
import { createReadStream, existsSync, fstatSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';
import { fileKeyStore, loadOrMakeKey, passphraseKeyStore } from '../../core/store/key-handling.ts';
import { assertLongEnough, LONGEST_PASSPHRASE, VantageError } from '../../contract/index.ts';
import type { StationMode } from '../../services/directories.ts';
import { passphraseFrom } from './ask-passphrase.ts';
import type { PassphrasePurpose } from './ask-passphrase.ts';
import { typedInto } from './hidden-line.ts';
import { holdsData } from '../../services/directories.ts';
import { passphraseFile, stationKeys } from '../../services/station-keys.ts';
import type { StationKeys } from '../../services/station-keys.ts';

const LINE_END = 0x0a;
/** A character has four bytes in UTF-8 at most; and the end of the line. */
const LONGEST_LINE_BYTES = 4 * LONGEST_PASSPHRASE + 2;
/** Somebody may have to find their security key first. */
const WAIT_LIMIT_MS = 60_000;

export interface KeySource {
  readonly directory: string;
  readonly mode: StationMode;
  /** Asked in a clinic only. @throws VantageError PASSPHRASE_UNREADABLE when nobody can be asked. */
  readonly passphrase: () => Promise<string>;
}

/** @throws VantageError KEY_WRONG, KEY_MISSING; nothing is overwritten. */
export async function loadMasterKey({ directory, mode, passphrase }: KeySource): Promise<Uint8Array> {
  const mayMake = !holdsData(directory);
  const store =
    mode === 'demonstration'
      ? fileKeyStore(join(directory, 'demonstration.key'))
      : passphraseKeyStore(passphraseFile(directory), await passphrase());
  return loadOrMakeKey(store, { mayMake });
}

/** How this host keeps the key. @param passphrase that was asked for at the start; none is, in the demonstration. */
export function nodeKeys(clinic: Pick<KeySource, 'directory' | 'mode'>, passphrase: string): StationKeys {
  const { directory, mode } = clinic;
  if (mode === 'demonstration') {
    const path = join(directory, 'demonstration.key');
    return stationKeys(directory, { custody: { kind: 'file' }, path, store: fileKeyStore(path), mayReplace: false });
  }
  const path = passphraseFile(directory);
  return stationKeys(directory, {
    custody: { kind: 'passphrase' },
    path,
    passphrase: { given: passphrase, storeOf: (entered) => passphraseKeyStore(path, entered) },
    // Somebody may know its passphrase.
    mayReplace: false,
  });
}

/** Whether the passphrase that is given now will be the station's from now on. */
export function isNewClinic(directory: string): boolean {
  return !existsSync(passphraseFile(directory)) && !holdsData(directory);
}

/**
 * Reads the passphrase from an open file descriptor (first line), or asks on the terminal without showing it.
 * @param waitLimitMs for the descriptor: one that nobody writes to and nobody closes would be waited for without end.
 * @throws VantageError PASSPHRASE_UNREADABLE, INPUT_INVALID (too long), CANCELLED; for one that is chosen: PASSPHRASE_SHORT, PASSPHRASES_DIFFER
 */
export async function askPassphrase(
  descriptor: number | null,
  purpose: PassphrasePurpose,
  waitLimitMs = WAIT_LIMIT_MS,
): Promise<string> {
  if (descriptor !== null) {
    const given = await firstLineOf(descriptor, waitLimitMs);
    if (purpose !== 'open') assertLongEnough(given);
    return given;
  }
  if (!process.stdin.isTTY)
    throw new VantageError('PASSPHRASE_UNREADABLE', 'there is no terminal to ask for it, and no --passphrase-fd');
  return passphraseFrom(askHidden, (line) => console.error(line), purpose);
}

async function firstLineOf(descriptor: number, waitLimitMs: number): Promise<string> {
  const input = readableOf(descriptor, assertGiven(descriptor));
  const { promise: over, resolve: end, reject } = Promise.withResolvers<void>();
  const read: Buffer[] = [];
  let length = 0;
  const onData = (piece: Buffer): void => {
    const ends = piece.indexOf(LINE_END) + 1;
    const own = ends === 0 ? piece : piece.subarray(0, ends);
    read.push(own);
    length += own.length;
    if (ends === 0 && length < LONGEST_LINE_BYTES) return;
    input.off('data', onData);
    input.pause();
    // Another one may stand in the next line.
    if (own.length < piece.length) input.unshift(piece.subarray(own.length));
    end();
  };
  input.on('data', onData);
  input.once('end', end);
  input.once('error', (error: unknown) => {
    reject(new VantageError('PASSPHRASE_UNREADABLE', unreadable(descriptor), { cause: error }));
  });
  const limit = setTimeout(() => {
    const waited = `file descriptor ${descriptor} gave no line within ${Math.ceil(waitLimitMs / 1000)} s`;
    reject(new VantageError('PASSPHRASE_UNREADABLE', waited));
  }, waitLimitMs);
  try {
    await over;
  } finally {
    clearTimeout(limit);
    input.off('data', onData);
    input.pause();
    // What waits for more would keep this program from its end.
    if (input instanceof Socket && input !== process.stdin) input.destroy();
  }
  if (length === 0) throw new VantageError('PASSPHRASE_UNREADABLE', `file descriptor ${descriptor} holds nothing`);
  const [line = ''] = Buffer.concat(read).toString('utf8').split(/\r?\n/, 1);
  // Its beginning alone would open nothing where the whole is entered at a screen.
  if (line.length > LONGEST_PASSPHRASE)
    throw new VantageError('INPUT_INVALID', 'the passphrase is too long', { field: 'passphrase' });
  return line;
}

/** What may never come to an end is read without a thread that waits for it: that one could not be called back. */
function readableOf(descriptor: number, found: Stats): Readable {
  const isEndless = found.isFIFO() || found.isSocket() || isatty(descriptor);
  if (isEndless && descriptor === process.stdin.fd) return process.stdin;
  if (isatty(descriptor)) return new ReadStream(descriptor);
  if (isEndless) return new Socket({ fd: descriptor, readable: true, writable: false });
  return createReadStream('', { fd: descriptor, autoClose: false, end: LONGEST_LINE_BYTES });
}

/**
 * What nobody handed on may be one of Node's own by that number (the poll of its event loop): to read or close that stops the program.
 * @throws VantageError PASSPHRASE_UNREADABLE
 */
function assertGiven(descriptor: number): Stats {
  try {
    const found = fstatSync(descriptor);
    if (found.isFile() || found.isFIFO() || found.isSocket() || found.isCharacterDevice()) return found;
  } catch (error) {
    throw new VantageError('PASSPHRASE_UNREADABLE', unreadable(descriptor), { cause: error });
  }
  throw new VantageError('PASSPHRASE_UNREADABLE', unreadable(descriptor));
}

function unreadable(descriptor: number): string {
  const npm = descriptor > 2 ? '; npm hands on only 0 to 2' : '';
  return `file descriptor ${descriptor} can't be read${npm}`;
}

function askHidden(question: string): Promise<string> {
  const { stdin, stdout } = process;
  stdout.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let text = '';
    const finish = (): void => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stdout.write('\n');
    };
    const onData = (chunk: string): void => {
      const line = typedInto(text, chunk);
      text = line.text;
      if (line.state === 'typing') return;
      finish();
      if (line.state === 'entered') resolve(text);
      else reject(new VantageError('CANCELLED', 'no passphrase was entered'));
    };
    stdin.on('data', onData);
  });
}

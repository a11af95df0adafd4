/**
 * A change of the key that is under way, in `clinic.key-change` beside the clinic's file. Written before anything else of the change, and
 * removed when it has come to its end: whoever opens the clinic and finds it knows that the change was stopped in between.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { MaintenanceJob, ProblemCode } from '../../contract/index.ts';
import { checkValueOf } from '../store/cipher-file.ts';
import { readIfThere, syncFolder, writeDurably } from '../store/durable-file.ts';
import { deriveKey } from '../store/key-handling.ts';
import type { Store } from '../store/index.ts';

const NOTE_FILE = 'clinic.key-change';

const noteSchema = z.object({
  version: z.literal(1),
  /** When it was begun. */
  at: z.iso.datetime(),
  by: z.object({ id: z.string(), role: z.string() }),
  /** What is in `clinic.check` where the new key stands, hex. */
  check: z.string().regex(/^[0-9a-f]{64}$/),
});
type KeyChangeNote = z.infer<typeof noteSchema>;

/** A change that was stopped before its end, and which key is the clinic's now. */
export interface StoppedKeyChange {
  /** When it was begun; null where the note is damaged. ISO 8601. */
  readonly at: string | null;
  readonly by: KeyChangeNote['by'] | null;
  readonly stands: 'old' | 'new';
}

/** @param newKey the master key that shall be. */
export function noteKeyChange(directory: string, at: string, by: KeyChangeNote['by'], newKey: Uint8Array): void {
  const note: KeyChangeNote = { version: 1, at, by, check: checkHex(newKey) };
  writeDurably(join(directory, NOTE_FILE), `${JSON.stringify(note)}\n`, 0o600);
}

export function removeKeyChangeNote(directory: string): void {
  rmSync(join(directory, NOTE_FILE), { force: true });
  syncFolder(directory);
}

/** @param masterKey that the clinic opens with now. @returns null where no change was stopped. */
export function stoppedKeyChange(directory: string, masterKey: Uint8Array): StoppedKeyChange | null {
  const bytes = readIfThere(join(directory, NOTE_FILE));
  if (bytes === null) return null;
  const note = noteIn(bytes);
  // Of a note that can't be read only one thing is known: a change was stopped, and the file opens with the key that is there.
  if (note === null) return { at: null, by: null, stands: 'old' };
  return { at: note.at, by: note.by, stands: note.check === checkHex(masterKey) ? 'new' : 'old' };
}

/** In the audit trail, once, and then the note goes. @throws VantageError DISK_FULL, DISK_FAILED */
export async function recordStoppedKeyChange(
  {
    store,
    directory,
    stationId,
    now,
  }: {
    readonly store: Pick<Store, 'audit' | 'storeId'>;
    readonly directory: string;
    readonly stationId: string;
    readonly now: () => Date;
  },
  { at, by, stands }: StoppedKeyChange,
): Promise<void> {
  await store.audit.append({
    at: now().toISOString(),
    actorId: stationId,
    role: 'station',
    action: 'store.key-change-stopped',
    subjectKind: 'store',
    subjectId: store.storeId,
    detail: { stands, begunAt: at, begunBy: by?.id ?? null },
  });
  removeKeyChangeNote(directory);
}

const STANDS = {
  old: 'KEY_CHANGE_UNDONE',
  new: 'KEY_CHANGE_FINISHED_LATE',
} as const satisfies Record<StoppedKeyChange['stands'], ProblemCode>;

/** As the work of an earlier run of the station, for those who keep it. */
export function stoppedJob({ at, stands }: StoppedKeyChange, now: () => Date): MaintenanceJob {
  const endedAt = now().toISOString();
  return {
    kind: 'key-change',
    state: 'failed',
    byName: '',
    startedAt: at ?? endedAt,
    endedAt,
    done: 0,
    total: null,
    unit: null,
    problem: { code: STANDS[stands], detail: at === null ? '' : `begun at ${at}`, at: endedAt },
  };
}

function checkHex(masterKey: Uint8Array): string {
  return checkValueOf(deriveKey(masterKey, 'store')).toString('hex');
}

function noteIn(bytes: Buffer): KeyChangeNote | null {
  try {
    return noteSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return null;
  }
}

/** Which key counts, whatever becomes of the process that changes it and of the store that keeps it. */
import { describe, expect, it } from 'vitest';
import { newKey } from '../core/store/key-handling.ts';
import { KeyChanges } from './key-changes.ts';
import type { StationKeys } from './station-keys.ts';

const BY = { staffId: 'somebody', name: 'Somebody', role: 'operator' };
const OLD = newKey();

/** A store in memory; `save` is the test's. */
function keysWith(
  changes: Partial<StationKeys> & { kept?: Uint8Array | null },
): StationKeys & { kept: Uint8Array | null } {
  const keys: StationKeys & { kept: Uint8Array | null } = {
    kept: OLD,
    custody: { kind: 'file' },
    load: async () => {
      if (keys.kept === null) throw new Error('unreadable');
      return keys.kept;
    },
    passphrases: () => [],
    isByRecovery: () => false,
    unlock: async () => OLD,
    opened: async () => undefined,
    save: async (key: Uint8Array) => {
      keys.kept = key;
    },
    ...changes,
  };
  return keys;
}

function begun(keys: StationKeys): { readonly changes: KeyChanges; readonly next: Uint8Array } {
  const changes = new KeyChanges(keys, () => undefined);
  changes.begin(BY);
  const next = changes.take()?.newKey;
  if (next === null || next === undefined) throw new Error('no key was made');
  return { changes, next };
}

describe('a change of the key', () => {
  it('gives the new key to one core only, and tells the next one how far it had come', async () => {
    const { changes, next } = begun(keysWith({}));
    expect(changes.work).toMatchObject({ kind: 'key-change', step: 'closing' });
    expect(() => changes.begin(BY)).toThrow(expect.objectContaining({ code: 'STATUS_CONFLICT' }));
    expect(changes.take()).toMatchObject({ newKey: null, isSaved: false, by: BY });
    expect(await changes.savedKey()).toBeNull();
    await changes.save();
    expect(await changes.savedKey()).toEqual(next);
    expect(changes.take()).toMatchObject({ newKey: null, isSaved: true });
    changes.over();
    expect([changes.work, changes.take(), await changes.savedKey()]).toEqual([null, null, null]);
  });

  it('lets no core begin with the old key while the new one is being saved', async () => {
    const written = Promise.withResolvers<void>();
    const { changes, next } = begun(keysWith({ save: () => written.promise }));
    const saving = changes.save();
    const order: string[] = [];
    const core = changes.savedKey().then((key) => {
      order.push('core');
      return key;
    });
    await new Promise(setImmediate);
    order.push('written');
    written.resolve();
    await saving;
    expect([await core, order]).toEqual([next, ['written', 'core']]);
  });

  it('that could not be saved leaves the old key, unless the new one lies there all the same', async () => {
    const failed = new Error('the disk failed');
    const first = keysWith({ save: () => Promise.reject(failed) });
    const refused = begun(first);
    await expect(refused.changes.save()).rejects.toBe(failed);
    expect(await refused.changes.savedKey()).toBeNull();

    const second = keysWith({
      save: async (key) => {
        second.kept = key;
        throw failed;
      },
    });
    const late = begun(second);
    await late.changes.save();
    expect(await late.changes.savedKey()).toEqual(late.next);
  });

  it('of which nobody knows whether it was saved lets nothing be opened before the key was loaded', async () => {
    const keys = keysWith({
      save: async () => {
        keys.kept = null;
        throw new Error('the disk failed');
      },
    });
    const { changes, next } = begun(keys);
    await expect(changes.save()).rejects.toMatchObject({ code: 'KEY_MISSING' });
    expect(await changes.savedKey()).toBeNull();
    changes.loaded(next);
    expect(await changes.savedKey()).toEqual(next);
  });

  it('is not begun where no key could be kept', () => {
    const changes = new KeyChanges(keysWith({ custody: { kind: 'memory' } }), () => undefined);
    expect(() => changes.begin(BY)).toThrow(expect.objectContaining({ code: 'KEY_NOT_KEPT' }));
    expect(changes.work).toBeNull();
  });
});

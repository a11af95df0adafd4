/**
 * The host's side of a change of the key: it makes the new key, gives it to the core that carries the change out, and saves it when that core
 * asks for it. Whatever ends in between, the next core gets the key that counts.
 */
import type { KeyChangeWork } from '../contract/index.ts';
import { VantageError } from '../contract/index.ts';
import type { KeyChangeAuthor } from '../core/clinic-api.ts';
import { newKey } from '../core/store/key-handling.ts';
import type { KeyChange } from './messages.ts';
import type { StationKeys } from './station-keys.ts';

interface Current {
  readonly by: KeyChangeAuthor;
  readonly startedAt: string;
  readonly newKey: Uint8Array;
  /** While the host puts it into its store. */
  saving: Promise<void> | null;
  /** A core has been started to carry it out. */
  isGiven: boolean;
  isSaved: boolean;
  step: KeyChangeWork['step'];
}

export class KeyChanges {
  readonly #keys: StationKeys;
  readonly #changed: () => void;
  #current: Current | null = null;

  /** @param changed `work` is another. */
  constructor(keys: StationKeys, changed: () => void) {
    this.#keys = keys;
    this.#changed = changed;
  }

  /** What the clinic is closed for; null when it is not. */
  get work(): KeyChangeWork | null {
    if (this.#current === null) return null;
    const { step, startedAt } = this.#current;
    return { kind: 'key-change', step, startedAt };
  }

  /** @throws VantageError KEY_NOT_KEPT, STATUS_CONFLICT (one is under way) */
  begin(by: KeyChangeAuthor): void {
    if (this.#keys.custody.kind === 'memory') throw new VantageError('KEY_NOT_KEPT');
    if (this.#current !== null) throw new VantageError('STATUS_CONFLICT', 'the key is being changed');
    this.#current = {
      by,
      startedAt: new Date().toISOString(),
      newKey: newKey(),
      saving: null,
      isGiven: false,
      isSaved: false,
      step: 'closing',
    };
    this.#changed();
  }

  /** For the core that is started now. The first one carries the change out; one after it only hears how far it had come. */
  take(): KeyChange | null {
    const current = this.#current;
    if (current === null) return null;
    const { by, startedAt, isSaved, isGiven } = current;
    current.isGiven = true;
    return { by, startedAt, isSaved, newKey: isGiven ? null : current.newKey };
  }

  step(step: KeyChangeWork['step']): void {
    if (this.#current === null) return;
    this.#current.step = step;
    this.#changed();
  }

  /**
   * @throws VantageError STATUS_CONFLICT (no change is under way); KEY_MISSING where nobody can tell which key lies in the store now: nothing
   * may be opened then before it was loaded; else what saving throws, and the old key is the clinic's still
   */
  async save(): Promise<void> {
    const current = this.#current;
    if (current === null) throw new VantageError('STATUS_CONFLICT', 'no key is being changed');
    current.saving ??= this.#saved(current);
    await current.saving;
  }

  /**
   * The key that counts for the core that is started now: a save that is under way has come to its end. null: none was changed.
   */
  async savedKey(): Promise<Uint8Array | null> {
    const current = this.#current;
    await current?.saving?.catch(() => undefined);
    return current?.isSaved === true ? current.newKey : null;
  }

  /** This key was loaded from the store. */
  loaded(key: Uint8Array): void {
    if (this.#current !== null && Buffer.from(key).equals(this.#current.newKey)) this.#current.isSaved = true;
  }

  async #saved(current: Current): Promise<void> {
    try {
      await this.#keys.save(current.newKey);
    } catch (error) {
      // It may have failed after the new key was there already.
      const key = await this.#keys.load().catch(() => null);
      if (key === null)
        throw new VantageError('KEY_MISSING', 'whether the new key was saved is not known', { cause: error });
      if (!Buffer.from(key).equals(current.newKey)) throw error;
    }
    current.isSaved = true;
  }

  /** The clinic is open again. */
  over(): void {
    this.#current = null;
  }
}

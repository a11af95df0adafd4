/** How the key of the station's data is kept and what follows from changing it, in words. Pure. */
import type { I18n } from '@lingui/core';
import type { StorageKey } from '../../electron/contract/maintenance.ts';
import type { Said } from './storage-words.ts';
import { whenWords } from './storage-words.ts';

/** Where the key is, and what that protects from. */
export function custodyWords(i18n: I18n, custody: StorageKey['custody']): string {
  switch (custody.kind) {
    case 'file':
      return i18n.t('It lies in a file beside the demonstration’s data: whoever has this disk can read them.');
    case 'passphrase':
      return i18n.t('It is locked by the passphrase that is asked for when the station starts.');
    case 'key-ring':
      return i18n.t('It is kept by this computer’s key ring ({ring}).', { ring: custody.ring });
    case 'memory':
      return i18n.t(
        'This computer has no safe place for it. It is in memory until the station stops; the next start asks for the passphrase again.',
      );
    default:
      return custody satisfies never;
  }
}

/** Where a new key goes. */
export function newKeyWords(i18n: I18n, custody: StorageKey['custody']): string {
  switch (custody.kind) {
    case 'file':
      return i18n.t('The new key takes the place of the old one in the demonstration’s key file.');
    case 'passphrase':
      return i18n.t('The new key is locked by the passphrase that this station was opened with.');
    case 'key-ring':
      return i18n.t('The new key is kept by this computer’s key ring ({ring}).', { ring: custody.ring });
    case 'memory':
      return i18n.t('A new key could not be kept on this computer.');
    default:
      return custody satisfies never;
  }
}

/** Why the key can't be changed from here; null where it can. */
export function notChangeableWords(i18n: I18n, { notChangeable }: StorageKey): string | null {
  switch (notChangeable) {
    case null:
      return null;
    case 'not-kept':
      return i18n.t(
        'It can’t be changed now: a new one could not be kept. Set up the key ring of this computer first.',
      );
    case 'no-host':
      return i18n.t('It can’t be changed from this screen.');
    default:
      return notChangeable satisfies never;
  }
}

/** A tick only where the station itself made the file that lies there, for the key of now. */
export function recoveryWords(i18n: I18n, { state, setAt }: StorageKey['recovery'], now: number): Said {
  switch (state) {
    case 'none':
      return {
        shape: 'care',
        text: i18n.t('none chosen: when the key is lost, so are the data here and all their backups'),
      };
    case 'unknown':
      return {
        shape: 'care',
        text: i18n.t('a key file lies here of which nobody knows whether it fits; choose one anew'),
      };
    case 'set':
      return {
        shape: 'done',
        text: setAt === null ? i18n.t('chosen') : i18n.t('chosen {at}', { at: whenWords(i18n, setAt, now) }),
      };
    default:
      return state satisfies never;
  }
}

/** What becomes of the backups that are there when the key is changed. @param backups how many the list has. */
export function backupsAtChange(i18n: I18n, backups: number): string {
  if (backups === 0) return i18n.t('There is no backup yet; make one afterwards.');
  return i18n.t(
    '{backups, plural, one {# backup stays} other {# backups stay}} under the key of now. This station and every new backup keep that key, so whoever opens the newest backup can restore them, too. If others know the old key, make a new backup afterwards and delete these.',
    { backups },
  );
}

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 6;
const GROUP_LETTERS = 4;

/**
 * A passphrase nobody could guess: 24 of 31 letters and digits that are not mistaken for each other, about 119 bits.
 * @param random gives bytes of chance: `crypto.getRandomValues`.
 */
export function suggestedPassphrase(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  const letters: string[] = [];
  // A byte above the last whole multiple would make some letters likelier.
  const limit = 256 - (256 % LETTERS.length);
  while (letters.length < GROUPS * GROUP_LETTERS) {
    for (const byte of random(new Uint8Array(GROUPS * GROUP_LETTERS))) {
      if (byte < limit && letters.length < GROUPS * GROUP_LETTERS) letters.push(LETTERS[byte % LETTERS.length] ?? '');
    }
  }
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * GROUP_LETTERS, (group + 1) * GROUP_LETTERS).join(''),
  ).join('-');
}

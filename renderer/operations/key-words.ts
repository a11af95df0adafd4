/** How the key of the station's data is kept and what follows from changing it, in words. Pure. */
import type { I18n } from '@lingui/core';
import type { StorageKey, StorageView } from '../../electron/contract/maintenance.ts';
import { PROBLEMS } from '../../electron/contract/problems.ts';
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
    case 'former':
      return {
        shape: 'care',
        text: i18n.t('the one that was chosen opens backups from before the key was changed, and nothing else'),
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

/** Backups of the list by the key that opens them; empty where there is none of either. */
export function backupKeyWords(i18n: I18n, list: StorageView['backups']['list']): string {
  const current = list.filter(({ key }) => key === 'current').length;
  const former = list.filter(({ key }) => key === 'former').length;
  const ofNow = i18n.t('{current, plural, one {# backup opens} other {# backups open}} with the key of now', {
    current,
  });
  const ofBefore = i18n.t(
    '{former, plural, one {# backup} other {# backups}} with a former key, which this station keeps',
    {
      former,
    },
  );
  if (current > 0 && former > 0) return i18n.t('{ofNow}, {ofBefore}.', { ofNow, ofBefore });
  if (current > 0) return `${ofNow}.`;
  if (former > 0) return i18n.t('No backup opens with the key of now; {ofBefore}.', { ofBefore });
  return '';
}

/** What should be done about the key; it stands there until it is. */
export type KeyAdvice = 'opened-with-recovery' | 'recovery-former' | 'change-undone' | 'change-finished-late';

/** In the order in which it should be done. */
export function keyAdvice({ key, jobs }: Pick<StorageView, 'key' | 'jobs'>): KeyAdvice[] {
  const stopped = jobs.find(({ kind, state }) => kind === 'key-change' && state === 'failed')?.problem?.code;
  return [
    ...(stopped === 'KEY_CHANGE_UNDONE' ? (['change-undone'] as const) : []),
    ...(stopped === 'KEY_CHANGE_FINISHED_LATE' ? (['change-finished-late'] as const) : []),
    ...(key.openedWithRecoveryAt === null ? [] : (['opened-with-recovery'] as const)),
    ...(key.recovery.state === 'former' ? (['recovery-former'] as const) : []),
  ];
}

export function adviceWords(
  i18n: I18n,
  advice: KeyAdvice,
  key: StorageKey,
  now: number,
): { readonly title: string; readonly text: string } {
  const ofProblem = (code: keyof typeof PROBLEMS): { readonly title: string; readonly text: string } => ({
    title: i18n._(PROBLEMS[code].happened),
    text: `${i18n._(PROBLEMS[code].safe)} ${i18n._(PROBLEMS[code].todo)}`,
  });
  switch (advice) {
    case 'change-undone':
      return ofProblem('KEY_CHANGE_UNDONE');
    case 'change-finished-late':
      return ofProblem('KEY_CHANGE_FINISHED_LATE');
    case 'opened-with-recovery':
      return {
        title: i18n.t('Change the key: the recovery passphrase was used'),
        text: i18n.t(
          'The clinic was opened with it, {at}. Whoever saw it opens the data here and their backups. Change the key, then choose another passphrase.',
          { at: key.openedWithRecoveryAt === null ? '' : whenWords(i18n, key.openedWithRecoveryAt, now) },
        ),
      };
    case 'recovery-former':
      return {
        title: i18n.t('Choose a new recovery passphrase'),
        text: i18n.t(
          'The key was changed. The passphrase from before opens backups from before only: were the key lost now, the data here and every new backup would be lost with it.',
        ),
      };
    default:
      return advice satisfies never;
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

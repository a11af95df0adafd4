/** What can be done with the data of a clinic that is not running. Each command is thin: the work is done in `core/backup`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VantageError } from '../../contract/index.ts';
import type { ProblemCode } from '../../contract/index.ts';
import { signerOf } from '../../core/audit/signer.ts';
import { hasPassphrase, makeBackup, verifyBackup } from '../../core/backup/backup.ts';
import type { BackupWork } from '../../core/backup/backup.ts';
import { changeMasterKey } from '../../core/backup/change-key.ts';
import { setRecoveryPassphrase } from '../../core/backup/recovery-passphrase.ts';
import { acceptStoreAsItIs, checkClinic, copyStoreFiles } from '../../core/backup/check.ts';
import type { CheckReport } from '../../core/backup/check.ts';
import { clinicKeys, keyOfBackup } from '../../core/backup/former-keys.ts';
import { listBackups, unreadableBackups } from '../../core/backup/manifest.ts';
import type { BackupInfo } from '../../core/backup/manifest.ts';
import { restoreBackup } from '../../core/backup/restore.ts';
import { salvage } from '../../core/backup/salvage.ts';
import { codeOf } from '../../core/problems.ts';
import { stationIdentity, stationIdOf } from '../../core/station.ts';
import { keyFits } from '../../core/store/replace-file.ts';
import { newKey, openStore } from '../../core/store/index.ts';
import type { KeyStore } from '../../core/store/index.ts';
import type { PassphrasePurpose } from './ask-passphrase.ts';

export interface CommandContext {
  /** The clinic's folder; locked for this program. */
  readonly directory: string;
  readonly mode: 'demonstration' | 'clinic';
  /** What stood behind the command: a backup's name or path. */
  readonly argument: string | null;
  /** `--to`. */
  readonly to: string | null;
  /** `--accept`. */
  readonly accept: boolean;
  /** `--address`. */
  readonly address: string | null;
  /** `--code`, or what the file holds. @throws VantageError INPUT_INVALID */
  readonly code: () => string;
  /** `--from` and `--until`, ISO 8601. */
  readonly period: { readonly from: string; readonly to: string } | null;
  /**
   * The key of now. @param backup whose key files are opened instead where the clinic's folder has none, as a new one has not.
   * @throws VantageError KEY_FILE_MISSING, DEMONSTRATION_KEY_MISSING, KEY_WRONG, PASSPHRASE_WRONG
   */
  readonly masterKey: (backup?: string) => Promise<Uint8Array>;
  /** Loads the key of now; saves into the clinic's key file, under the passphrase that was given. */
  readonly keyStore: () => Promise<KeyStore>;
  /** Whether the next start finds a key in the clinic's folder. */
  readonly hasOwnKey: () => boolean;
  /** Asks for one that is chosen now. */
  readonly newPassphrase: (purpose: Exclude<PassphrasePurpose, 'open'>) => Promise<string>;
  /** The clinic's key file, under this passphrase. */
  readonly keyStoreWith: (passphrase: string) => KeyStore;
  readonly now: () => Date;
  readonly say: (line: string) => void;
  readonly work: BackupWork;
}

export interface ClinicCommand {
  /** One line, for --help. */
  readonly summary: string;
  /** It works on its argument alone: no clinic has to be there, and one that runs is left alone. */
  readonly needsNoClinic?: boolean;
  /** @returns the exit code: 0 all is well, 1 something was found. @throws VantageError */
  run(context: CommandContext): Promise<number>;
}

/** By the word that is typed. */
export const STORE_COMMANDS: Readonly<Record<string, ClinicCommand>> = {
  check: {
    summary:
      'looks at every page, table, audit entry and file, and changes none of them. --accept: the file here is the right one',
    run: check,
  },
  backups: { summary: 'lists the backups', run: backups },
  backup: {
    summary: 'makes a backup. --to DIR: there instead of in the clinic’s folder (better: another disk)',
    run: backup,
  },
  'verify-backup': { summary: '[NAME]: reads a whole backup again and compares', run: verify },
  restore: {
    summary: '[NAME or FOLDER]: puts a backup, or the newest, in the place of the clinic’s data',
    run: restore,
  },
  copy: { summary: '--to DIR: copies the clinic’s file as it is, damaged or not', run: copy },
  salvage: {
    summary: 'puts what can be read of a damaged file into a whole one and counts what is lost',
    run: runSalvage,
  },
  'rotate-key': { summary: 'makes a new key and encrypts the clinic’s data under it', run: rotateKey },
  'change-passphrase': { summary: 'asks for a new passphrase for the same key', run: changePassphrase },
  'recovery-passphrase': {
    summary: 'asks for one more passphrase that opens the key; it goes along with backups',
    run: recovery,
  },
};

async function check({ directory, masterKey, accept, now, say, work }: CommandContext): Promise<number> {
  const report = await checkClinic(directory, await masterKey(), now, work);
  say(`${report.pages} pages, ${report.auditEntries ?? '?'} audit entries, ${report.files ?? '?'} files.`);
  for (const { code, detail } of report.problems) say(`${code}: ${detail}`);
  if (accept && acceptStoreAsItIs(directory, now))
    say('The anchor was put aside: the next start asks a person to confirm.');
  if (report.problems.length === 0) say('All is well.');
  else for (const line of await nextSteps(directory, report.problems)) say(line);
  return report.problems.length === 0 ? 0 : 1;
}

/** What mends it, in the order in which it should be tried: commands, and what they do to what is here. */
async function nextSteps(directory: string, problems: CheckReport['problems']): Promise<string[]> {
  const codes = new Set(problems.map(({ code }) => code));
  const backups = await listBackups(rootOf(directory, null), []);
  const restores =
    backups[0] === undefined
      ? 'restore FOLDER: there is no backup in the clinic’s folder; name one that lies elsewhere.'
      : `restore ${backups[0].name}: puts the newest backup in its place; what lies here now is kept.`;
  const steps: string[] = [];
  if (codes.has('STORE_DAMAGED')) {
    steps.push(restores, 'salvage: puts what can still be read into a whole file, and counts what is lost.');
  } else if (codes.has('STORE_SWAPPED')) {
    steps.push(restores, 'check --accept: where the file that lies here is the right one after all.');
  } else if (codes.has('BLOB_DAMAGED')) steps.push(restores);
  if (codes.has('STORE_ROLLED_BACK') || codes.has('STORE_UNANCHORED'))
    steps.push('Start the station: it asks an operator to look at the last visits and to confirm.');
  if (codes.has('STORE_NEWER')) steps.push('Update this program, then check again.');
  if (codes.has('BACKUP_DAMAGED')) steps.push('backup: makes one that opens with the key of now.');
  return steps.map((step, index) => `${index === 0 ? 'Next' : 'Or'}:  ${step}`);
}

/** Backups can be listed without it. */
const WITHOUT_KEY: ReadonlySet<ProblemCode> = new Set(['KEY_FILE_MISSING', 'DEMONSTRATION_KEY_MISSING', 'KEY_WRONG']);

async function backups({ directory, to, masterKey, say }: CommandContext): Promise<number> {
  const key = await masterKey().catch((error: unknown) => {
    if (!WITHOUT_KEY.has(codeOf(error))) throw error;
    say('Without the key it is not known which of them were verified.');
    return null;
  });
  const found = await listBackups(
    rootOf(directory, to),
    key === null ? [] : clinicKeys(directory, key, rootOf(directory, to)),
  );
  for (const info of found) say(lineOf(info));
  const unreadable = await sayUnreadable(rootOf(directory, to), say);
  if (found.length === 0 && unreadable === 0) say('There is no backup.');
  return unreadable === 0 ? 0 : 1;
}

async function backup(context: CommandContext): Promise<number> {
  const { directory, mode, to, now, say, work } = context;
  const masterKey = await context.masterKey();
  const stationId = stationIdOf(directory);
  const store = await openStore({ directory, key: masterKey, now: () => now().getTime(), stationId });
  try {
    const { found } = store.anchored;
    if (found !== null) throw new VantageError(found.code, 'start the station and look at it first');
    const station = stationIdentity(store, mode, stationId);
    const info = await makeBackup({
      store,
      directory,
      root: rootOf(directory, to),
      masterKey,
      signer: signerOf(station.privateKey),
      stationId: station.stationId,
      now,
      ...work,
    });
    say(lineOf(info));
    const place = to === null ? '' : ` --to ${to}`;
    say(`It was not read back yet. To verify it: npm run clinic -- verify-backup ${info.name}${place}`);
    if (info.missingFiles > 0) say(`${info.missingFiles} files were missing from the vault already.`);
    return info.missingFiles > 0 ? 1 : 0;
  } finally {
    await store.close();
  }
}

async function verify(context: CommandContext): Promise<number> {
  const { path } = await chosen(context);
  const key = await keyOfBackup(context.directory, path, await context.masterKey());
  const { ok, problems } = await verifyBackup(path, key, context.now, context.work);
  for (const problem of problems) context.say(`BACKUP_DAMAGED: ${problem}`);
  if (!hasPassphrase(path))
    context.say(
      'No passphrase opens it: without the key of this computer it is lost. Choose one (recovery-passphrase).',
    );
  if (ok) context.say('The backup is whole.');
  return ok ? 0 : 1;
}

async function restore(context: CommandContext): Promise<number> {
  const { directory, now, say, work } = context;
  const { path } = await chosen(context);
  const masterKey = await context.masterKey(path);
  const by = byCommand(directory);
  const result = await restoreBackup({ directory, path, masterKey, by, now, ...work });
  if (!context.hasOwnKey()) await (await context.keyStore()).save(masterKey);
  say(`The clinic is as it was at ${result.madeAt}. What lay here before is in ${result.aside}`);
  if (result.missing !== null) {
    const { audit, intents } = result.missing;
    const entries = audit === null ? 'no audit entries' : `audit entries ${audit.from} to ${audit.through}`;
    say(`Written since, and not in the backup: ${entries}, ${intents} intents.`);
  }
  const lost = result.missingFiles + result.damagedFiles;
  if (lost > 0) say(`${lost} files are neither here nor whole in the backup.`);
  return lost > 0 ? 1 : 0;
}

async function copy({ directory, to, now, say }: CommandContext): Promise<number> {
  if (to === null) throw new VantageError('INPUT_INVALID', '--to is missing', { field: 'to' });
  say(`Copied to ${await copyStoreFiles(directory, to, now)}`);
  return 0;
}

async function runSalvage({ directory, masterKey, now, say }: CommandContext): Promise<number> {
  const result = await salvage({ directory, masterKey: await masterKey(), by: byCommand(directory), now });
  say(`${result.damaged.length} of ${result.pages} pages were damaged.`);
  const affected = result.tables.filter(({ damaged, lost }) => damaged || (lost ?? 0) > 0);
  for (const { name, rows, lost } of affected)
    say(`${name}: ${rows} rows are here, ${lost ?? 'an unknown number'} lost`);
  if (affected.length === 0) say('No row is lost.');
  if (result.firstPageFrom !== null)
    say(`Its first page is of the backup ${result.firstPageFrom}: tables that were made since are not found.`);
  say(`The damaged file is in ${result.aside}`);
  return affected.length === 0 ? 0 : 1;
}

async function rotateKey(context: CommandContext): Promise<number> {
  const { directory, now, say } = context;
  const masterKey = await context.masterKey();
  const keyStore = await context.keyStore();
  const { recoveryGone } = await changeMasterKey({
    directory,
    masterKey,
    newKey: newKey(),
    save: (next) => keyStore.save(next),
    by: byCommand(directory),
    now,
  });
  say('The clinic has a new key. Backups from before can still be restored here; make a new one now.');
  if (recoveryGone) say('The recovery passphrase opened the old key only: choose it again (recovery-passphrase).');
  return 0;
}

async function changePassphrase(context: CommandContext): Promise<number> {
  if (context.mode === 'demonstration') throw new VantageError('INPUT_INVALID', 'the demonstration has no passphrase');
  const masterKey = await context.masterKey();
  if (keyFits(context.directory, masterKey) === false)
    throw new VantageError('KEY_WRONG', 'what was opened is not the key of this clinic');
  await context.keyStoreWith(await context.newPassphrase('station')).save(masterKey);
  context.say('The new passphrase opens the clinic; the old one opens backups from before.');
  return 0;
}

async function recovery(context: CommandContext): Promise<number> {
  const { directory, now } = context;
  const masterKey = await context.masterKey();
  const passphrase = await context.newPassphrase('recovery');
  const stationId = stationIdOf(directory);
  const store = await openStore({ directory, key: masterKey, now: () => now().getTime(), stationId });
  try {
    await setRecoveryPassphrase({ store, directory, masterKey, passphrase, by: byCommand(directory), now });
  } finally {
    await store.close();
  }
  context.say('The recovery passphrase goes along with every backup from now on. Keep it away from this computer.');
  return 0;
}

/** A backup by its name among the clinic's (or those in `--to`), by its folder, or the newest. */
async function chosen({ directory, argument, to, say }: CommandContext): Promise<{ readonly path: string }> {
  if (argument?.includes('/') === true || argument?.includes('\\') === true) {
    if (!existsSync(argument)) throw new VantageError('NOT_FOUND', `there is no backup at ${argument}`);
    return { path: argument };
  }
  const found = await listBackups(rootOf(directory, to), []);
  // The newest may be one of them.
  if (argument === null) await sayUnreadable(rootOf(directory, to), say);
  const one = argument === null ? found[0] : found.find(({ name }) => name === argument);
  if (one === undefined) throw new VantageError('NOT_FOUND', argument ?? 'there is no backup');
  return one;
}

/** @returns how many there are. */
async function sayUnreadable(root: string, say: (line: string) => void): Promise<number> {
  const names = await unreadableBackups(root);
  for (const name of names) say(`${name}  DAMAGED: its manifest can not be read`);
  return names.length;
}

function rootOf(directory: string, to: string | null): string {
  return to ?? join(directory, 'backups');
}

function byCommand(directory: string): { readonly id: string; readonly role: string } {
  return { id: stationIdOf(directory), role: 'command' };
}

function lineOf({ name, madeAt, storeBytes, fileBytes, files, verified, key }: BackupInfo): string {
  const size = `${Math.ceil((storeBytes + fileBytes) / 1024)} KiB in ${files + 1} files`;
  const unverified = key === null ? 'not known whether verified' : 'never verified';
  const state = verified === null ? unverified : `${verified.ok ? 'verified' : 'DAMAGED'} ${verified.at}`;
  const under = key === 'former' ? '  under a former key' : key === 'other' ? '  under another clinic’s key' : '';
  return `${name}  ${madeAt}  ${size}  ${state}${under}`;
}

/** `npm run clinic -- COMMAND`: backups, restoring, checks, keys, enrolment and the audit trail of a clinic that is not running. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PROBLEMS, VantageError } from '../../contract/index.ts';
import type { ProblemCode } from '../../contract/index.ts';
import { codeOf } from '../../core/problems.ts';
import { fileKeyStore, passphraseKeyStore } from '../../core/store/index.ts';
import { recoveryKeyPath } from '../../core/store/recovery-key.ts';
import { keyFits } from '../../core/store/replace-file.ts';
import type { KeyStore } from '../../core/store/index.ts';
import { clinicDirectory, modeOf, rootDirectory } from '../../services/directories.ts';
import type { StationMode } from '../../services/directories.ts';
import { assertNotFormer, guardedKeyStore, passphraseFile } from '../../services/station-keys.ts';
import { AUDIT_COMMANDS } from './audit-commands.ts';
import { STORE_COMMANDS } from './clinic-commands.ts';
import { CLOUD_COMMANDS } from './cloud-commands.ts';
import { STATION_COMMANDS } from './station-commands.ts';
import type { CommandContext } from './clinic-commands.ts';
import { passphraseFilesOf } from '../../core/backup/backup.ts';
import type { BackupWork } from '../../core/backup/backup.ts';
import { lockInstance } from './instance-lock.ts';
import { askPassphrase } from './master-key.ts';

const CLINIC_COMMANDS = { ...STORE_COMMANDS, ...AUDIT_COMMANDS, ...CLOUD_COMMANDS, ...STATION_COMMANDS };

/** What the clinic's own key file says where it is not what opens the clinic. */
const BY_RECOVERY: ReadonlySet<ProblemCode> = new Set(['KEY_WRONG', 'KEY_CHANGED_ELSEWHERE']);

const OPTIONS = {
  data: { type: 'string' },
  to: { type: 'string' },
  from: { type: 'string' },
  until: { type: 'string' },
  accept: { type: 'boolean', default: false },
  recovery: { type: 'string' },
  address: { type: 'string' },
  code: { type: 'string' },
  'code-file': { type: 'string' },
  'passphrase-fd': { type: 'string' },
  'new-passphrase-fd': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const PHASES = {
  store: 'Copying the store ...',
  checking: 'Checking it ...',
  files: 'Going through the files ...',
} as const;

const HELP = `Works on a clinic that is not running: npm run clinic -- COMMAND [ARGUMENT] [options]

${Object.entries(CLINIC_COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(20)} ${summary}`)
  .join('\n')}

  --data DIR             the clinic's folder; left out: the one that \`npm start\` would open
  --to DIR               where backups or copies lie instead of in the clinic's folder
  --from T --until T     a period, ISO 8601: from inclusive, until exclusive
  --recovery FILE        open the key with this file's passphrase, e.g. BACKUP/recovery.key, instead of the clinic's own
  --address URL          of the cloud, for enrol
  --code CODE            the enrolment code; --code-file FILE keeps it out of the list of processes (-: standard input)
  --passphrase-fd N      read the passphrase from file descriptor N instead of the terminal (npm hands on only 0: standard input)
  --new-passphrase-fd N  the same for a new one`;

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
    const [name, argument = null, more] = positionals;
    const command = name === undefined || !Object.hasOwn(CLINIC_COMMANDS, name) ? undefined : CLINIC_COMMANDS[name];
    if (values.help || name === undefined) {
      console.log(HELP);
      return 0;
    }
    if (command === undefined || more !== undefined)
      throw new Error(`unknown: ${more ?? name}; --help lists the commands`);
    const { directory, mode } = clinicAt(values.data);
    const given = { directory, mode, argument, values, work: workUntilInterrupted() };
    if (command.needsNoClinic === true) return await command.run(contextOf(given));
    // Only a backup can be put where nothing is yet.
    if (name !== 'restore' && !existsSync(directory)) throw new VantageError('NOT_FOUND', `no clinic in ${directory}`);
    const lock = await lockInstance(directory, () => undefined);
    try {
      return await command.run(contextOf(given));
    } finally {
      await lock.release();
    }
  } catch (error) {
    tell(error);
    return 2;
  }
}

function clinicAt(data: string | undefined): { readonly directory: string; readonly mode: StationMode } {
  if (data !== undefined) {
    const directory = resolve(data);
    return { directory, mode: existsSync(join(directory, 'demonstration.key')) ? 'demonstration' : 'clinic' };
  }
  const root = rootDirectory({ environment: process.env, platform: process.platform, home: homedir() });
  const mode = modeOf(root);
  return { directory: clinicDirectory(root, mode), mode };
}

interface Given {
  readonly directory: string;
  readonly mode: StationMode;
  readonly argument: string | null;
  readonly work: BackupWork;
  readonly values: {
    readonly [Name in keyof typeof OPTIONS]?: (typeof OPTIONS)[Name]['type'] extends 'boolean' ? boolean : string;
  };
}

function contextOf({ directory, mode, argument, values, work }: Given): CommandContext {
  const ownFile = passphraseFile(directory);
  const keyStoreWith = (passphrase: string): KeyStore => passphraseKeyStore(ownFile, passphrase);
  const { recovery } = values;
  const hasFileKey = mode === 'demonstration' && recovery === undefined;
  let given: Promise<string> | null = null;
  /** Asked for once. */
  const passphrase = (): Promise<string> => (given ??= askPassphrase(descriptorOf(values['passphrase-fd']), 'open'));
  async function keyStore(): Promise<KeyStore> {
    if (hasFileKey) return fileKeyStore(join(directory, 'demonstration.key'));
    const guarded = guardedKeyStore(directory, ownFile, keyStoreWith(await passphrase()));
    if (recovery === undefined) return guarded;
    const other = passphraseKeyStore(recovery, await passphrase());
    return { load: () => other.load(), save: (key) => guarded.save(key) };
  }
  /** The key in the file that was named or is the clinic's; where that does not open, the same passphrase may be the one for recovery. */
  async function loaded(): Promise<Uint8Array> {
    try {
      const key = await (await keyStore()).load();
      if (key === null && hasFileKey) throw new VantageError('DEMONSTRATION_KEY_MISSING', `in ${directory}`);
      if (key === null) throw new VantageError('NOT_FOUND', `no key file lies at ${recovery ?? ownFile}`);
      if (recovery === undefined) assertNotFormer(directory, key, ownFile);
      return key;
    } catch (error) {
      const file = recoveryKeyPath(directory);
      const mayRecover = !hasFileKey && recovery === undefined && BY_RECOVERY.has(codeOf(error)) && existsSync(file);
      const key = mayRecover ? await openedWith(file, await passphrase()) : null;
      if (key === null || keyFits(directory, key) === false) throw error;
      console.log('The recovery passphrase opened it; the clinic’s own key file does not.');
      return key;
    }
  }
  async function masterKey(backup: string | null = null): Promise<Uint8Array> {
    if (hasFileKey || recovery !== undefined || existsSync(ownFile)) {
      return loaded();
    }
    const files = backup === null ? [] : passphraseFilesOf(backup);
    if (files.length === 0)
      throw new VantageError(
        'KEY_FILE_MISSING',
        `neither in ${directory}${backup === null ? '' : ` nor in ${backup}`}: add --recovery FILE, a key file that a passphrase opens`,
      );
    for (const file of files) {
      const key = await openedWith(file, await passphrase());
      if (key !== null) return key;
    }
    throw new VantageError('PASSPHRASE_WRONG', `tried with ${files.join(' and ')}`);
  }
  return {
    directory,
    mode,
    argument,
    to: values.to === undefined ? null : resolve(values.to),
    accept: values.accept === true,
    address: values.address ?? null,
    code: () => enrolmentCode(values.code, values['code-file']),
    period: values.from === undefined || values.until === undefined ? null : { from: values.from, to: values.until },
    keyStore,
    keyStoreWith,
    masterKey,
    hasOwnKey: () => hasFileKey || existsSync(ownFile),
    newPassphrase: (purpose) => askPassphrase(descriptorOf(values['new-passphrase-fd']), purpose),
    now: () => new Date(),
    say: (line) => console.log(line),
    work,
  };
}

/** @returns null where the file is there and the passphrase is another. */
async function openedWith(file: string, passphrase: string): Promise<Uint8Array | null> {
  try {
    return await passphraseKeyStore(file, passphrase).load();
  } catch (error) {
    if (codeOf(error) === 'KEY_WRONG') return null;
    throw error;
  }
}

/** Ctrl-C stops it where nothing counts yet. One line for each phase. */
function workUntilInterrupted(): BackupWork {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => controller.abort(new VantageError('CANCELLED', 'stopped on request')));
  let said: string | null = null;
  return {
    signal: controller.signal,
    progress: ({ phase }) => {
      if (phase !== said) console.log(PHASES[phase]);
      said = phase;
    },
  };
}

/** Never repeated in a message or a log. */
function enrolmentCode(code: string | undefined, file: string | undefined): string {
  if (code !== undefined) return code;
  if (file === undefined)
    throw new VantageError('INPUT_INVALID', '--code or --code-file is missing', { field: 'code' });
  return readFileSync(file === '-' ? process.stdin.fd : file, 'utf8').trim();
}

function descriptorOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 1024)
    throw new Error('a file descriptor is a number up to 1024');
  return value;
}

function tell(error: unknown): void {
  const code = codeOf(error);
  if (code === 'INTERNAL' && !(error instanceof VantageError)) {
    console.error(error instanceof Error ? error.message : String(error));
    return;
  }
  const { happened, safe, todo } = PROBLEMS[code];
  const detail = error instanceof VantageError && error.detail !== '' ? `\n(${error.detail})` : '';
  console.error(`${code}: ${happened} ${safe}\n${todo}${detail}`);
}

process.exitCode = await main();

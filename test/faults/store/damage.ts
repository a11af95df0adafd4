/**
 * Any byte of any file of a stopped or killed clinic is changed, any file is cut or taken away. Holds: what is read back is what
 * was stored, or the clinic says that it is not. "Says" is: it does not open, and names why; or it opens, and names what is missing
 * or damaged. Bytes that carry nothing (free pages, what lies behind the end of the log) may be anything.
 *
 * For each kind of file more than that, see `EXPECTED`: a damaged picture costs that picture and nothing else, and so on. Of the
 * database, the pages that are damaged are named. A damaged log costs what lies behind the damage and nothing before it, and stays
 * there to be looked at. And a clinic that refuses to open has not touched its files: as soon as the one file is put back as it was,
 * all of it is there. A damaged backup costs the clinic nothing, is named by a check, and restored it says what it has lost.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findDamage } from '../../../electron/core/backup/salvage.ts';
import { PAGE_BYTES } from '../../../electron/core/store/cipher-pages.ts';
import { readLog } from '../../../electron/core/store/log-frames.ts';
import { clinicDirectory } from '../../../electron/services/directories.ts';
import { loadMasterKey } from '../../../electron/hosts/node/master-key.ts';
import { Random } from '../../fixtures/random.ts';
import type { StationProcess } from '../../fixtures/station-process.ts';
import { startStation } from '../../fixtures/station-process.ts';
import type { FaultProof } from '../fault-proof.ts';
import { readClinic } from './clinic-content.ts';
import type { ClinicContent } from './clinic-content.ts';
import { backUp, restored, wrongWithBackup } from './damage-backup.ts';
import type { Restored } from './damage-backup.ts';
import { damageFile } from './damage-file.ts';
import type { Damage } from './damage-file.ts';
import { visitStation } from './station-visit.ts';

const CI_DAMAGES = 200;
const FULL_DAMAGES = 5000;
/** Longer than the station takes to write its anchor after the last change. */
const QUIET_MS = 2500;

/** What a clinic's files are; those that are not named (settings, logs) carry nothing of it. */
const KINDS = {
  database: /^clinic\.db$/,
  log: /^clinic\.db-wal$/,
  check: /^clinic\.check$/,
  anchor: /^clinic\.anchor$/,
  key: /^demonstration\.key$/,
  'station id': /^station-id$/,
  picture: /^vault\/blobs\//,
  'backup store': /^backups\/[^/]+\/clinic\.db$/,
  'backup manifest': /^backups\/[^/]+\/manifest\.json$/,
  'backup list': /^backups\/[^/]+\/files\.txt$/,
  'backup check': /^backups\/[^/]+\/clinic\.check$/,
  'backup picture': /^backups\/blobs\//,
} as const;
type Kind = keyof typeof KINDS;

interface Image {
  readonly name: string;
  readonly directory: string;
  readonly files: ReadonlyMap<Kind, readonly string[]>;
  readonly sound: ClinicContent;
  /** What its backup restores; null where it has none. */
  readonly restored: Restored | null;
}

interface Found extends ClinicContent {
  /** Places whose content is another, or is missing, or was never there. */
  readonly differing: readonly string[];
}

/** A backup is none of the clinic's own. */
function isUntouched({ refused, differing, problems }: Found): string | null {
  return refused === null && differing.length === 0 && problems.length === 0
    ? null
    : 'a backup costs the clinic something';
}

/** @returns what is wrong with how the clinic took a damage of this kind of file, or null. Silence about a difference always is. */
const EXPECTED: Readonly<Record<Kind, (found: Found, path: string) => string | null>> = {
  database: ({ refused }) =>
    refused === null || ['STORE_DAMAGED', 'STORE_SWAPPED'].includes(refused)
      ? null
      : `it refuses to open with ${refused}`,
  log: ({ refused }) => (refused === null || refused === 'STORE_DAMAGED' ? null : `it refuses to open with ${refused}`),
  check: ({ refused, differing }) =>
    refused === 'KEY_WRONG' || (refused === null && differing.length === 0) ? null : `refused: ${refused}`,
  anchor: ({ refused, differing }) =>
    refused === null && differing.length === 0 ? null : `a damaged anchor costs more than itself: ${refused}`,
  key: ({ refused }) =>
    refused === null || ['KEY_WRONG', 'KEY_MISSING'].includes(refused) ? null : `refused: ${refused}`,
  'station id': ({ problems }) => (problems.length === 0 ? null : 'an id is no reason to complain'),
  picture: ({ refused, differing, problems }, path) => {
    const blobId = basename(path);
    if (refused !== null) return `one picture keeps the clinic closed: ${refused}`;
    const others = differing.filter((place) => place !== `file ${blobId}`);
    if (others.length > 0) return `one picture costs others: ${others.slice(0, 3).join(', ')}`;
    const isNamed = problems.every((problem) => problem.startsWith(`file ${blobId}: BLOB_DAMAGED`));
    return isNamed ? null : `another problem is told: ${problems.join('; ')}`;
  },
  'backup store': isUntouched,
  'backup manifest': isUntouched,
  'backup list': isUntouched,
  'backup check': isUntouched,
  'backup picture': isUntouched,
};

export const damageFaults: FaultProof = async ({ full, seed }) => {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'vantage-damage-'));
  const failures: string[] = [];
  const tally = new Map<string, { damages: number; told: number }>();
  let passed = 0;
  try {
    const images = await makeImages(folder, seed);
    const targets = images.flatMap((image) => [...image.files.keys()].map((kind) => ({ image, kind })));
    const damages = full ? FULL_DAMAGES : CI_DAMAGES;
    for (let number = 1; number <= damages; number += 1) {
      const { image, kind } = targets[number % targets.length] ?? random.pick(targets);
      const path = random.pick(image.files.get(kind) ?? []);
      const { what, found, wrong, told } = await damageOnce(folder, image, kind, path, random);
      const label = `${kind} of a ${image.name} clinic`;
      const counts = tally.get(label) ?? { damages: 0, told: 0 };
      tally.set(label, { damages: counts.damages + 1, told: counts.told + (told ? 1 : 0) });
      if (wrong.length === 0) passed += 1;
      else
        failures.push(
          `damage ${number}, ${label}, ${what}: ${wrong.join('; ')} [${found.problems.slice(0, 3).join('; ')}]`,
        );
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
  for (const [label, { damages, told }] of tally)
    console.log(`${label}: ${damages} damages, ${told} told, the rest harmless`);
  return { passed, failures };
};

/**
 * A visit is done; the clinic is killed and kept as it is; then opened again, ended in order, and kept as well. Backed up, it is opened and
 * killed once more: then it has a log over a file that is full.
 */
async function makeImages(folder: string, seed: number): Promise<Image[]> {
  const root = join(folder, 'station');
  const clinic = clinicDirectory(root, 'demonstration');
  const visited = await visitStation(root, seed, 'a note');
  await anchorIsQuiet(clinic);
  kill(visited.station);
  await visited.station.exited;
  const killed = await imageOf('killed', clinic, join(folder, 'killed'));
  await (await startStation({ directory: root })).stop();
  const stopped = await imageOf('stopped', clinic, join(folder, 'stopped'));
  await backUp(clinic, await keyOf(clinic));
  const again = await startStation({ directory: root });
  await anchorIsQuiet(clinic);
  kill(again);
  await again.exited;
  await visited.closeDevices();
  return [killed, stopped, await imageOf('backed-up', clinic, join(folder, 'backed-up'))];
}

function kill(station: StationProcess): void {
  for (const name of ['core', 'devices', 'inference', 'host'] as const) {
    const pid = station.pidOf(name);
    if (pid !== null) process.kill(pid, 'SIGKILL');
  }
}

/** Until nothing has been written for longer than the anchor lags behind. */
async function anchorIsQuiet(clinic: string): Promise<void> {
  const times = (): string =>
    ['clinic.anchor', 'clinic.db-wal', 'clinic.db']
      .map((name) => statSync(join(clinic, name), { throwIfNoEntry: false })?.mtimeMs ?? 0)
      .join(' ');
  for (;;) {
    const before = times();
    await sleep(QUIET_MS);
    if (times() === before) return;
  }
}

async function imageOf(name: string, clinic: string, directory: string): Promise<Image> {
  const files = new Map<Kind, string[]>();
  for (const entry of readdirSync(clinic, { recursive: true, withFileTypes: true })) {
    const path = relative(clinic, join(entry.parentPath, entry.name));
    const kind = (Object.keys(KINDS) as Kind[]).find((candidate) => KINDS[candidate].test(path));
    if (!entry.isFile() || kind === undefined || statSync(join(clinic, path)).size === 0) continue;
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    copyFileSync(join(clinic, path), join(directory, path));
    files.set(kind, [...(files.get(kind) ?? []), path]);
  }
  const copy = `${directory}-read`;
  cpSync(directory, copy, { recursive: true });
  const sound = await readClinic(copy, () => keyOf(copy));
  rmSync(copy, { recursive: true });
  if (sound.problems.length > 0) throw new Error(`the ${name} clinic is not sound: ${sound.problems.join('; ')}`);
  console.log(`${name}: ${sound.content.size} things kept in ${[...files.values()].flat().length} files`);
  const backups = join(directory, 'backups');
  const whole = existsSync(backups) ? await restored(backups, `${directory}-restored`, await keyOf(directory)) : null;
  if (whole !== null && (typeof whole.result === 'string' || whole.problems.length > 0))
    throw new Error(`the backup of the ${name} clinic is not sound: ${whole.problems.join('; ')}`);
  return { name, directory, files, sound, restored: whole };
}

function keyOf(directory: string): Promise<Uint8Array> {
  return loadMasterKey({ directory, mode: 'demonstration', passphrase: async () => '' });
}

async function damageOnce(
  folder: string,
  image: Image,
  kind: Kind,
  path: string,
  random: Random,
): Promise<{
  readonly what: string;
  readonly found: Found;
  readonly wrong: readonly string[];
  readonly told: boolean;
}> {
  const copy = join(folder, 'copy');
  cpSync(image.directory, copy, { recursive: true });
  try {
    const damage = damageFile(join(copy, path), random);
    const what = `${path}: ${damage.what}`;
    const unnamed = kind === 'database' ? await unnamedPages(copy, damage) : [];
    const before = fingerprint(copy);
    const log = kind === 'log' ? await cutLog(image, join(folder, 'cut'), copy, path, damage) : null;
    const found = await readDamaged(copy, image);
    const { refused, problems, differing } = found;
    const wrong = unnamed.map((page) => `page ${page} is not named`);
    if (differing.length > 0 && problems.length === 0)
      wrong.push(`nothing is said of ${differing.length} differences (${differing.slice(0, 3).join(', ')})`);
    if (problems.some((problem) => problem.includes(': INTERNAL'))) wrong.push('it is no problem of the contract');
    let told = problems.length > 0;
    if (image.restored !== null && kind.startsWith('backup')) {
      const scratch = join(folder, 'restored');
      const judged = await wrongWithBackup(copy, path, await keyOf(copy), image.restored, scratch);
      wrong.push(...judged.wrong);
      told = judged.told;
    }
    const unexpected = EXPECTED[kind](found, path);
    if (unexpected !== null) wrong.push(unexpected);
    if (log !== null && differing.length > 0) wrong.push(...log(found, copy));
    if (refused !== null) {
      if (fingerprint(copy) !== before) wrong.push('it refused to open, and changed files');
      copyFileSync(join(image.directory, path), join(copy, path));
      const { differing: lost } = await readDamaged(copy, image);
      if (lost.length > 0)
        wrong.push(`it refused to open and lost ${lost.length} things by that (${lost.slice(0, 3).join(', ')})`);
    }
    return { what, found, wrong, told };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function differences(sound: ReadonlyMap<string, string>, read: ReadonlyMap<string, string>): string[] {
  const places = new Set([...sound.keys(), ...read.keys()]);
  return [...places].filter((place) => sound.get(place) !== read.get(place));
}

async function readDamaged(directory: string, image: Image): Promise<Found> {
  const read = await readClinic(directory, () => keyOf(directory));
  return { ...read, differing: differences(image.sound.content, read.content) };
}

/** Of what a clinic that refuses to open must leave alone. */
function fingerprint(directory: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(directory, { recursive: true }).map(String).toSorted()) {
    if (!Object.values(KINDS).some((pattern) => pattern.test(name))) continue;
    const path = join(directory, name);
    if (statSync(path).isFile()) hash.update(`${name}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/**
 * Reads a sound clinic whose log ends where the damaged one begins to differ: as much must be left of the damaged one, and its log must
 * lie aside where there is more of it than SQLite reads.
 * @returns what is wrong, given what was found of the damaged clinic
 */
async function cutLog(
  image: Image,
  cut: string,
  damaged: string,
  path: string,
  { from }: Damage,
): Promise<(found: Found, directory: string) => string[]> {
  const log = join(damaged, path);
  const { damagedFrom, isCertain, salts } = readLog(log);
  const bytes = existsSync(log) ? readFileSync(log) : null;
  cpSync(image.directory, cut, { recursive: true });
  try {
    truncateSync(join(cut, path), from);
    const expected = await readClinic(cut, () => keyOf(cut));
    return ({ refused, content }, directory) => {
      const others = differences(expected.content, content);
      const aside = join(directory, 'aside', `damaged-log-${salts}`, path);
      const isKept = bytes !== null && existsSync(aside) && readFileSync(aside).equals(bytes);
      return [
        ...(refused !== expected.refused ? [`without what is damaged it is ${expected.refused}, not ${refused}`] : []),
        ...(others.length > 0 ? [`of what is before the damage ${others.length} things differ: ${others[0]}`] : []),
        ...(refused === null && damagedFrom !== null && !isKept ? ['the damaged log is not kept'] : []),
        ...(damagedFrom !== null && from < 32 && !isCertain ? ['a damaged header is not certain'] : []),
      ];
    };
  } finally {
    rmSync(cut, { recursive: true, force: true });
  }
}

/** The pages with changed bytes that the check of the file does not name; its first bytes are named by themselves. */
async function unnamedPages(directory: string, { changed }: Damage): Promise<number[]> {
  if (changed === null) return [];
  const { damaged, saltDamaged } = findDamage(directory, await keyOf(directory));
  const first = Math.floor(changed[0] / PAGE_BYTES) + 1;
  const last = Math.floor((changed[1] - 1) / PAGE_BYTES) + 1;
  const pages = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return pages.filter((page) => !damaged.includes(page) && !(page === 1 && saltDamaged));
}

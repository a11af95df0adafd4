import { existsSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VantageError } from '../../contract/index.ts';
import { signerOf } from '../audit/signer.ts';
import { verifyAudit } from '../audit/index.ts';
import { stationIdentity } from '../station.ts';
import { anchorPath, readAnchor } from '../store/anchor.ts';
import { STORE_FILE } from '../store/cipher-file.ts';
import { newKey, passphraseKeyStore } from '../store/key-handling.ts';
import { NEVER_SCRUBBED, PAGE_SCRUB_KEY } from '../store/page-scrub.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';
import { STATION, temporaryFolder } from '../store/testing/documents.ts';
import { hasPassphrase, makeBackup, pruneBackups, verifyBackup } from './backup.ts';
import type { BackupOptions } from './backup.ts';
import { changeMasterKey } from './change-key.ts';
import { checkClinic } from './check.ts';
import { stoppedKeyChange } from './key-change-note.ts';
import { clinicKeys, keyOfBackup } from './former-keys.ts';
import { listBackups, unreadableBackups } from './manifest.ts';
import type { BackupInfo } from './manifest.ts';
import { setRecoveryPassphrase } from './recovery-passphrase.ts';
import { RESTORED_KEY, restoreBackup } from './restore.ts';
import { salvage } from './salvage.ts';
import { BY, contentOf, openSmallClinic } from './testing/test-clinic.ts';
import type { SmallClinic } from './testing/test-clinic.ts';

const KEY = newKey();
const MADE = '2026-11-21T12:00:00.000Z';
const RESTORED = '2026-11-22T08:30:00.000Z';

let folder: ReturnType<typeof temporaryFolder>;
let clinic: SmallClinic | null = null;
let root: string;

beforeEach(() => {
  folder = temporaryFolder();
  root = join(folder.path, 'backups');
});
afterEach(async () => {
  await clinic?.abandon();
  clinic = null;
  folder.remove();
});

async function opened(key = KEY): Promise<SmallClinic> {
  await closed();
  clinic = await openSmallClinic(folder.path, { key });
  return clinic;
}

async function closed(): Promise<void> {
  await clinic?.close();
  clinic = null;
}

async function backup(options: Partial<BackupOptions> = {}): Promise<BackupInfo> {
  const { store } = clinic ?? (await opened());
  return makeBackup({
    store,
    directory: folder.path,
    root,
    masterKey: KEY,
    signer: signerOf(stationIdentity(store, 'clinic', STATION).privateKey),
    stationId: STATION,
    now: () => new Date(MADE),
    ...options,
  });
}

function recoverBy({ store }: SmallClinic, passphrase: string): Promise<void> {
  return setRecoveryPassphrase({
    store,
    directory: folder.path,
    masterKey: KEY,
    passphrase,
    by: BY,
    now: () => new Date(MADE),
  });
}

async function verified(keys = [KEY]): Promise<BackupInfo['verified'] | undefined> {
  return (await listBackups(root, keys))[0]?.verified;
}

function restore(path: string, masterKey = KEY): ReturnType<typeof restoreBackup> {
  return restoreBackup({ directory: folder.path, path, masterKey, by: BY, now: () => new Date(RESTORED) });
}

describe('a backup', () => {
  it('is made while the clinic works, whole and listed, is verified when it is read, and nobody can read it without the key', async () => {
    const current = await opened();
    await current.fill(0, 20);
    const phases = new Set<string>();
    const info = await backup({ progress: ({ phase, done, total }) => done === total && phases.add(phase) });
    expect([...phases]).toEqual(['store', 'checking', 'files']);
    expect(info).toMatchObject({
      name: '20261121T120000Z',
      madeAt: MADE,
      files: 20,
      missingFiles: 0,
      verified: null,
    });
    expect(info.storeBytes).toBe(statSync(join(info.path, STORE_FILE)).size);
    expect(await listBackups(root, [KEY])).toEqual([info]);
    expect(await verifyBackup(info.path, KEY, () => new Date(RESTORED))).toEqual({ ok: true, problems: [] });
    expect((await listBackups(root, [KEY]))[0]?.verified).toEqual({ at: RESTORED, ok: true });
    expect(readFileSync(join(info.path, STORE_FILE)).includes('Family 1')).toBe(false);
    await expect(verifyBackup(info.path, newKey(), () => new Date())).rejects.toMatchObject({ code: 'KEY_WRONG' });
    await current.fill(20, 22);
    expect((await contentOf(current))['patients']).toHaveLength(22);
  });

  it('that was stopped leaves nothing but the files that others may use', async () => {
    await (await opened()).fill(0, 3);
    const controller = new AbortController();
    await expect(
      backup({
        signal: controller.signal,
        progress: ({ phase }) => phase === 'files' && controller.abort(new Error('enough')),
      }),
    ).rejects.toThrow('enough');
    expect(readdirSync(root)).toEqual(['blobs']);
    expect(await listBackups(root, [KEY])).toEqual([]);
  });

  it.each([
    [
      'a byte of its store',
      (path: string) => flip(join(path, STORE_FILE), 9000),
      'the file of the store is not as it was',
    ],
    ['a file that it names', (path: string) => flip(someBlob(path), 100), '1 files are damaged'],
    ['the absence of a file', (path: string) => rmSync(someBlob(path)), '1 files are missing'],
    [
      'the absence of its store',
      (path: string) => rmSync(join(path, STORE_FILE)),
      'the file of the store is not as it was',
    ],
    [
      'a key file that would open it elsewhere',
      (path: string) => flip(join(path, 'recovery.key'), 40),
      'recovery.key is not as it was',
    ],
    ['its check value', (path: string) => rmSync(join(path, 'clinic.check')), 'clinic.check is not as it was'],
    [
      'its manifest',
      (path: string) => edit(join(path, 'manifest.json')),
      'the manifest is not as this clinic sealed it',
    ],
  ])('is found to be damaged by %s', async (_what, damage, problem) => {
    await (await opened()).fill(0, 3);
    writeFileSync(join(folder.path, 'recovery.key'), 'a key file is copied as it is, whatever stands in it');
    const { path } = await backup();
    damage(path);
    expect(await verifyBackup(path, KEY, () => new Date(RESTORED))).toEqual({ ok: false, problems: [problem] });
    expect((await listBackups(root, [KEY]))[0]?.verified).toEqual({ at: RESTORED, ok: false });
  });

  it('keeps files once for all backups, and only as long as one of them names them', async () => {
    const current = await opened();
    await current.fill(0, 3);
    await backup();
    const gone = current.store.sqlite.prepare<[], string>('SELECT file FROM vault_blobs LIMIT 1').pluck().get() ?? '';
    current.store.sqlite.prepare('DELETE FROM vault_blobs WHERE file = ?').run(gone);
    await current.fill(3, 4);
    const later = await backup({ now: () => new Date('2026-11-22T12:00:00.000Z') });
    const again = await backup({ now: () => new Date('2026-11-22T12:00:00.300Z') });
    expect(again.name).toBe('20261122T120000Z-2');
    expect(existsSync(join(root, 'blobs', gone.slice(0, 2), gone))).toBe(true);
    const after = new Date('2026-11-23T12:00:00.000Z');
    expect(await pruneBackups(root, 2, () => after)).toEqual({ backups: 1, files: 1 });
    expect((await listBackups(root, [KEY])).map(({ name }) => name)).toEqual([again.name, later.name]);
    expect(existsSync(join(root, 'blobs', gone.slice(0, 2), gone))).toBe(false);
    expect(await verifyBackup(later.path, KEY, () => new Date())).toEqual({ ok: true, problems: [] });
  });

  it('loses no file to a list or a manifest that is damaged', async () => {
    const current = await opened();
    await current.fill(0, 3);
    const { path } = await backup();
    const list = join(path, 'files.txt');
    const whole = readFileSync(list, 'utf8');
    writeFileSync(list, whole.slice(0, whole.indexOf('\n') + 1));
    const verdict = { ok: false, problems: ['the list of files is not as it was'] };
    expect(await verifyBackup(path, KEY, () => new Date(RESTORED))).toEqual(verdict);
    expect(await pruneBackups(root, 7, () => new Date(RESTORED))).toEqual({ backups: 0, files: 0 });
    rmSync(list);
    expect(await verifyBackup(path, KEY, () => new Date(RESTORED))).toEqual(verdict);
    await closed();
    await expect(restore(path)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    writeFileSync(list, whole);
    const manifest = join(path, 'manifest.json');
    const sealed = readFileSync(manifest);
    truncateSync(manifest, 10);
    expect([await listBackups(root, [KEY]), await unreadableBackups(root)]).toEqual([[], ['20261121T120000Z']]);
    expect(await pruneBackups(root, 7, () => new Date(RESTORED))).toEqual({ backups: 0, files: 0 });
    writeFileSync(manifest, sealed);
    expect(await verifyBackup(path, KEY, () => new Date(RESTORED))).toEqual({ ok: true, problems: [] });
  });

  it('is not put among those of another clinic, whose backups stay as they are', async () => {
    const other = temporaryFolder();
    try {
      await backup();
      const before = readdirSync(root);
      const stranger = await openSmallClinic(other.path, { key: KEY });
      const refused = backup({ store: stranger.store, directory: other.path, root });
      await expect(refused).rejects.toMatchObject({ code: 'BACKUP_FOLDER_TAKEN' });
      await stranger.close();
      expect(readdirSync(root)).toEqual(before);
    } finally {
      other.remove();
    }
  });

  it('outlives those that a clock running ahead made', async () => {
    await opened();
    for (const day of [1, 2]) await backup({ now: () => new Date(`2027-11-0${day}T12:00:00.000Z`) });
    const made = await backup();
    expect((await pruneBackups(root, 2, () => new Date(MADE))).backups).toBe(1);
    expect((await listBackups(root, [KEY])).map(({ name }) => name)).toEqual(['20271102T120000Z', made.name]);
    const next = await backup({ now: () => new Date(RESTORED) });
    await pruneBackups(root, 2, () => new Date(RESTORED));
    expect((await listBackups(root, [KEY])).map(({ name }) => name)).toEqual([next.name, made.name]);
  });
});

describe('a restored backup', () => {
  it('is not put under a clinic that somebody has open, and no other file is either', async () => {
    const current = await opened();
    await current.fill(0, 2);
    const { path } = await backup();
    await current.fill(2, 3);
    const before = await contentOf(current);
    await expect(restore(path)).rejects.toMatchObject({ code: 'SECOND_INSTANCE' });
    await expect(
      salvage({ directory: folder.path, masterKey: KEY, by: BY, now: () => new Date(RESTORED) }),
    ).rejects.toMatchObject({ code: 'SECOND_INSTANCE' });
    await current.fill(3, 4);
    expect(existsSync(join(folder.path, 'aside'))).toBe(false);
    const after = await contentOf(await opened());
    expect(after['patients']).toHaveLength(4);
    expect(after).not.toEqual(before);
  });

  it('takes the place of a damaged file, which is kept, and says what came after it and is lost', async () => {
    const first = await opened();
    await first.fill(0, 5);
    const before = await contentOf(first);
    const { path } = await backup();
    await first.fill(5, 8);
    await closed();
    const damaged = join(folder.path, STORE_FILE);
    flip(damaged, 40);
    const damagedBytes = readFileSync(damaged);
    await expect(opened()).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    rmSync(join(folder.path, 'vault', 'blobs'), { recursive: true });

    const result = await restore(path);
    expect(result).toMatchObject({
      madeAt: MADE,
      missingFiles: 0,
      damagedFiles: 0,
      missing: { writes: { 'rx:patients:0': 3 }, audit: { from: 6, through: 8 }, intents: 3 },
    });
    expect(readFileSync(join(result.aside, STORE_FILE)).equals(damagedBytes)).toBe(true);
    expect(existsSync(join(result.aside, 'clinic.anchor'))).toBe(true);

    const { store, anchor } = await opened();
    expect(anchor.findings).toEqual([]);
    if (clinic === null) throw new Error('it is open');
    expect(await contentOf(clinic)).toEqual(before);
    expect(store.audit.read().at(-1)).toMatchObject({
      action: 'store.restored',
      actorId: BY.id,
      detail: { backup: '20261121T120000Z', missingChanges: 9, missingAuditFrom: 6, missingAuditThrough: 8 },
    });
    expect(verifyAudit(store)).toMatchObject({ ok: true });
    expect(JSON.parse(readStationValue(store.sqlite, RESTORED_KEY) ?? '')).toEqual({
      at: RESTORED,
      backupMadeAt: MADE,
    });
    await clinic.fill(8, 9);
    await closed();
    expect((await opened()).anchor.findings).toEqual([]);
  });

  it('was read back by it, where all of it was read, and is not said to be where the clinic still had its files elsewhere', async () => {
    await (await opened()).fill(0, 3);
    const { path } = await backup();
    await closed();
    await restore(path);
    expect(await verified()).toEqual({ at: RESTORED, ok: true });

    // Copies of their own, as on another disk: the clinic's were read, and the backup's were not.
    rmSync(join(path, 'verified.json'));
    const copy = someBlob(path);
    const bytes = readFileSync(copy);
    rmSync(copy);
    writeFileSync(copy, bytes);
    await restore(path);
    expect(await verified()).toBeNull();
    rmSync(join(folder.path, 'vault', 'blobs'), { recursive: true });
    await restore(path);
    expect(await verified()).toEqual({ at: RESTORED, ok: true });
  });

  it('does not take the place of anything where somebody stops it, at the first byte or when all lies ready', async () => {
    const first = await opened();
    await first.fill(0, 3);
    const { path } = await backup();
    await first.fill(3, 5);
    const now = await contentOf(first);
    await closed();
    const options = { directory: folder.path, path, masterKey: KEY, by: BY, now: () => new Date(RESTORED) };
    const stop = new AbortController();
    const refused = new VantageError('CANCELLED');
    const phases: string[] = [];
    const atOnce = restoreBackup({ ...options, signal: stop.signal, progress: () => stop.abort(refused) });
    await expect(atOnce).rejects.toBe(refused);
    const atLast = restoreBackup({
      ...options,
      progress: ({ phase }) => phases.push(phase),
      decide: () => Promise.reject(refused),
    });
    await expect(atLast).rejects.toBe(refused);
    expect(new Set(phases)).toEqual(new Set(['store', 'checking']));
    expect(readdirSync(folder.path).filter((name) => /next|replace|aside/.test(name))).toEqual([]);
    expect(await contentOf(await opened())).toEqual(now);
  });

  it('is said to be damaged by one that was refused for it, or found a copy damaged', async () => {
    await (await opened()).fill(0, 3);
    const { path } = await backup();
    await closed();
    const inBackup = someBlob(path);
    rmSync(join(folder.path, 'vault', 'blobs'), { recursive: true });
    flip(inBackup, 61);
    expect(await restore(path)).toMatchObject({ damagedFiles: 1 });
    expect(await verified()).toEqual({ at: RESTORED, ok: false });
    rmSync(join(path, 'verified.json'));
    flip(join(path, STORE_FILE), 5000);
    await expect(restore(path)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    expect(await verified()).toEqual({ at: RESTORED, ok: false });
  });

  it('mends a picture that is damaged in the clinic and whole in the backup, and counts one that is damaged in both', async () => {
    const first = await opened();
    await first.fill(0, 5);
    const before = await contentOf(first);
    const { path } = await backup();
    await closed();
    const inBackup = someBlob(path);
    const inClinic = join(folder.path, 'vault', inBackup.slice(join(path, '..').length));
    flip(inClinic, 60);

    expect(await restore(path)).toMatchObject({ missingFiles: 0, damagedFiles: 0 });
    expect(await contentOf(await opened())).toEqual(before);
    await closed();

    flip(inClinic, 60);
    flip(inBackup, 61);
    expect(await restore(path)).toMatchObject({ missingFiles: 0, damagedFiles: 1 });
  });

  it('confirms nothing that a person has not: what was found before is still there', async () => {
    await (await opened()).fill(0, 2);
    const { path } = await backup();
    await closed();
    rmSync(anchorPath(folder.path));
    expect((await opened()).anchor.findings).toMatchObject([{ code: 'STORE_UNANCHORED' }]);
    await closed();
    await restore(path);
    expect((await opened()).anchor.findings).toMatchObject([{ code: 'STORE_UNANCHORED' }]);
  });

  it('is another file than the one before: that one does not open in its place any more', async () => {
    await (await opened()).fill(0, 2);
    const { path } = await backup();
    await closed();
    const { aside } = await restore(path);
    writeFileSync(join(folder.path, STORE_FILE), readFileSync(join(aside, STORE_FILE)));
    await expect(opened()).rejects.toMatchObject({ code: 'STORE_SWAPPED' });
    writeFileSync(anchorPath(folder.path), readFileSync(join(aside, 'clinic.anchor')));
    expect((await opened()).anchor.findings).toEqual([]);
  });

  it('also where nothing is left: on another machine, with the recovery passphrase', async () => {
    const first = await opened();
    await first.fill(0, 3);
    const before = await contentOf(first);
    await recoverBy(first, 'käse und brot');
    const { path } = await backup();
    await closed();
    for (const name of readdirSync(folder.path)) {
      if (name !== 'backups') rmSync(join(folder.path, name), { recursive: true });
    }
    const key = await passphraseKeyStore(join(path, 'recovery.key'), 'käse und brot').load();
    if (key === null) throw new Error('the backup has no recovery key');
    await restore(path, key);
    expect(await contentOf(await opened(key))).toEqual(before);
  });

  it('is refused when it is damaged, with the clinic as it was', async () => {
    await (await opened()).fill(0, 3);
    const { path } = await backup();
    await closed();
    const before = readFileSync(join(folder.path, STORE_FILE));
    flip(join(path, STORE_FILE), 5000);
    await expect(restore(path)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    truncateSync(join(path, 'manifest.json'), 10);
    await expect(restore(path)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    await expect(restore(join(root, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(readFileSync(join(folder.path, STORE_FILE)).equals(before)).toBe(true);
    expect(readdirSync(folder.path).filter((name) => /next|replace|aside/.test(name))).toEqual([]);
    expect((await opened()).anchor.findings).toEqual([]);
  });
});

describe('what a backup says of having been verified', () => {
  it('counts only as the clinic sealed it: written by somebody else, changed, or of another backup, it is no claim', async () => {
    await (await opened()).fill(0, 2);
    const first = await backup();
    const path = join(first.path, 'verified.json');
    const claim = { at: RESTORED, ok: true };
    for (const forged of [claim, { ...claim, seal: '0'.repeat(64) }, { ...claim, seal: 'none' }, 'true']) {
      writeFileSync(path, JSON.stringify(forged));
      expect(await verified()).toBeNull();
    }

    await verifyBackup(first.path, KEY, () => new Date(RESTORED));
    const sealed = readFileSync(path, 'utf8');
    expect(await verified()).toEqual(claim);
    expect([await verified([]), await verified([newKey()])]).toEqual([null, null]);
    writeFileSync(path, sealed.replace(RESTORED, '2026-11-23T08:30:00.000Z'));
    expect(await verified()).toBeNull();

    const second = await backup({ now: () => new Date('2026-11-23T12:00:00.000Z') });
    writeFileSync(join(second.path, 'verified.json'), sealed);
    expect(await verified()).toBeNull();
    flip(join(second.path, STORE_FILE), 9000);
    await verifyBackup(second.path, KEY, () => new Date(RESTORED));
    expect(await verified()).toEqual({ at: RESTORED, ok: false });
    writeFileSync(
      join(second.path, 'verified.json'),
      readFileSync(join(second.path, 'verified.json'), 'utf8').replace('"ok":false', '"ok":true'),
    );
    expect(await verified()).toBeNull();
  });

  it('goes with the words of its manifest', async () => {
    await (await opened()).fill(0, 2);
    const { path } = await backup();
    await verifyBackup(path, KEY, () => new Date(RESTORED));
    expect(await verified()).toMatchObject({ ok: true });
    edit(join(path, 'manifest.json'));
    expect(await verified()).toBeNull();
  });

  it('stays when the clinic gets a new key, and can be found again under the former one', async () => {
    await (await opened()).fill(0, 2);
    const { path } = await backup();
    await verifyBackup(path, KEY, () => new Date(RESTORED));
    await closed();
    const key = newKey();
    const change = { directory: folder.path, masterKey: KEY, newKey: key, save: async () => undefined, by: BY };
    await changeMasterKey({ ...change, now: () => new Date() });
    const keys = clinicKeys(folder.path, key);
    expect(await listBackups(root, keys)).toMatchObject([{ verified: { at: RESTORED, ok: true }, key: 'former' }]);
    expect(await listBackups(root, [key])).toMatchObject([{ verified: null, key: 'other' }]);
    const later = '2026-11-24T08:30:00.000Z';
    const former = await keyOfBackup(folder.path, path, key);
    expect(await verifyBackup(path, former, () => new Date(later))).toMatchObject({ ok: true });
    expect(await verified(keys)).toEqual({ at: later, ok: true });
  });

  it('of an earlier key opens for whoever has the newest backup and its key, and nothing else of the clinic', async () => {
    await (await opened()).fill(0, 2);
    const { path } = await backup();
    await closed();
    const key = newKey();
    const change = { directory: folder.path, masterKey: KEY, newKey: key, save: async () => undefined, by: BY };
    await changeMasterKey({ ...change, now: () => new Date() });
    await (await opened(key)).fill(2, 3);
    const newest = await backup({ masterKey: key, now: () => new Date('2026-11-23T08:30:00.000Z') });
    await closed();
    expect(await verifyBackup(newest.path, key, () => new Date())).toMatchObject({ ok: true });
    expect(hasPassphrase(newest.path)).toBe(false);
    const elsewhere = join(folder.path, 'elsewhere');
    const former = await keyOfBackup(elsewhere, path, key);
    expect(former).toEqual(KEY);
    await expect(keyOfBackup(elsewhere, path, newKey())).rejects.toMatchObject({ code: 'KEY_WRONG' });
    // From then on the clinic there knows them itself.
    const there = { directory: elsewhere, masterKey: key, by: BY, now: () => new Date() };
    await restoreBackup({ ...there, path: newest.path });
    expect(clinicKeys(elsewhere, key)).toEqual([key, KEY]);
    await restoreBackup({ ...there, path });
    const older = await openSmallClinic(elsewhere, { key });
    expect((await contentOf(older)).patients).toEqual(['HR-0', 'HR-1']);
    await older.close();
    writeFileSync(join(newest.path, 'clinic.former-keys'), 'not what was written');
    expect(await verifyBackup(newest.path, key, () => new Date())).toMatchObject({
      ok: false,
      problems: ['clinic.former-keys is not as it was'],
    });
  });

  it('is said to open no more when the former keys are damaged, instead of being called another clinic’s alone', async () => {
    await (await opened()).fill(0, 1);
    await closed();
    const key = newKey();
    const change = { directory: folder.path, masterKey: KEY, newKey: key, save: async () => undefined, by: BY };
    await changeMasterKey({ ...change, now: () => new Date() });
    const check = async (): Promise<unknown> => (await checkClinic(folder.path, key, () => new Date())).problems;
    expect(await check()).toEqual([]);
    const path = join(folder.path, 'clinic.former-keys');
    const bytes = readFileSync(path);
    for (const damaged of [Buffer.alloc(0), bytes.fill(0, 20, 24)]) {
      writeFileSync(path, damaged);
      expect(await check()).toMatchObject([{ code: 'BACKUP_DAMAGED' }]);
    }
  });
});

const later = (): Date => new Date('2026-11-23T08:30:00.000Z');

describe('a new master key', () => {
  it('opens everything, the old one nothing any more, and backups from before can still be restored', async () => {
    const first = await opened();
    await first.fill(0, 4);
    const before = await contentOf(first);
    const { path } = await backup();
    await recoverBy(first, 'the one of before');
    await first.fill(4, 5);
    const all = await contentOf(first);
    writeStationValue(first.store.sqlite, PAGE_SCRUB_KEY, JSON.stringify({ completeAt: MADE, damaged: [] }));
    await closed();
    const key = newKey();
    const saved: Uint8Array[] = [];
    const result = await changeMasterKey({
      directory: folder.path,
      masterKey: KEY,
      newKey: key,
      save: async (next) => void saved.push(next),
      by: BY,
      now: () => new Date(RESTORED),
    });
    expect(saved).toEqual([key]);
    expect(result).toEqual({ recoveryGone: true });
    await expect(opened(KEY)).rejects.toMatchObject({ code: 'KEY_WRONG' });
    const second = await opened(key);
    expect(second.anchor.findings).toEqual([]);
    expect(await contentOf(second)).toEqual(all);
    // Of the new file no page has been read again yet.
    expect(readStationValue(second.store.sqlite, PAGE_SCRUB_KEY)).toBe(NEVER_SCRUBBED);
    expect(second.store.audit.read().at(-1)).toMatchObject({
      action: 'store.key-changed',
      detail: { missingChanges: 0 },
    });
    // Equal content keeps its one name.
    const prepared = await second.vault.prepareBytes(Buffer.from('content 1 '.repeat(300)), 'text/plain');
    await second.store.transaction(() => second.vault.insertRow(prepared));
    expect(await contentOf(second)).toEqual(all);
    await closed();
    expect(readAnchor(folder.path, KEY)).toBe('damaged');

    await restore(path, key);
    expect(await contentOf(await opened(key))).toEqual(before);
  });

  it('leaves a key file that opens the old one only out of backups, and takes one that was written since', async () => {
    const own = join(folder.path, 'station.key');
    await passphraseKeyStore(own, 'correct horse battery').save(KEY);
    await (await opened()).fill(0, 1);
    const before = await backup();
    expect(hasPassphrase(before.path)).toBe(true);
    await closed();
    const key = newKey();
    // As a host does that keeps the new key in a ring.
    await changeMasterKey({
      directory: folder.path,
      masterKey: KEY,
      newKey: key,
      save: async () => undefined,
      by: BY,
      now: later,
    });
    await opened(key);
    const { path } = await backup({ masterKey: key, now: later });
    expect(existsSync(join(path, 'station.key'))).toBe(false);
    expect(await verifyBackup(path, key, later)).toEqual({ ok: true, problems: [] });
    await passphraseKeyStore(own, 'correct horse battery').save(key);
    const last = await backup({ masterKey: key, now: () => new Date('2026-11-24T08:30:00.000Z') });
    expect(existsSync(join(last.path, 'station.key'))).toBe(true);
  });

  it('leaves no note of a change that came to its end or did not begin', async () => {
    await (await opened()).fill(0, 1);
    const change = { directory: folder.path, newKey: newKey(), by: BY, now: () => new Date() };
    const refused = changeMasterKey({ ...change, masterKey: newKey(), save: async () => undefined });
    await expect(refused).rejects.toMatchObject({ code: 'KEY_WRONG' });
    await closed();
    await changeMasterKey({ ...change, masterKey: KEY, save: async () => undefined });
    expect(existsSync(join(folder.path, 'clinic.key-change'))).toBe(false);
    expect(stoppedKeyChange(folder.path, change.newKey)).toBeNull();

    const failed = { ...change, masterKey: change.newKey, newKey: newKey() };
    await expect(
      changeMasterKey({ ...failed, save: () => Promise.reject(new VantageError('DISK_FAILED')) }),
    ).rejects.toMatchObject({ code: 'DISK_FAILED' });
    // Whether it was saved all the same, the host finds out.
    expect(stoppedKeyChange(folder.path, failed.masterKey)).toMatchObject({ stands: 'old', by: BY });
    expect(stoppedKeyChange(folder.path, failed.newKey)).toMatchObject({ stands: 'new', by: BY });
    // One that is begun before anybody was told of it says so in the trail.
    const at = stoppedKeyChange(folder.path, failed.masterKey)?.at;
    const last = newKey();
    await changeMasterKey({ ...failed, newKey: last, save: async () => undefined });
    expect((await opened(last)).store.audit.read().at(-1)).toMatchObject({
      action: 'store.key-changed',
      detail: { stoppedBefore: at },
    });
    expect(stoppedKeyChange(folder.path, last)).toBeNull();
  });

  it('does not hide that the file had been put back', async () => {
    const first = await opened();
    await first.fill(0, 1);
    await closed();
    const old = readFileSync(join(folder.path, STORE_FILE));
    await (await opened()).fill(1, 3);
    await closed();
    writeFileSync(join(folder.path, STORE_FILE), old);
    const key = newKey();
    await changeMasterKey({
      directory: folder.path,
      masterKey: KEY,
      newKey: key,
      save: async () => undefined,
      by: BY,
      now: () => new Date(),
    });
    expect((await opened(key)).anchor.findings).toMatchObject([{ code: 'STORE_ROLLED_BACK' }]);
  });
});

function someBlob(path: string): string {
  const [line = ''] = readFileSync(join(path, 'files.txt'), 'utf8').split(' ', 1);
  return join(path, '..', 'blobs', line.slice(0, 2), line);
}

/** The blobs are hard links: the clinic's own file is put out of the way before it is changed. */
function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  rmSync(path);
  writeFileSync(path, bytes);
}

function edit(path: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace('"missing": 0', '"missing": 1'));
}

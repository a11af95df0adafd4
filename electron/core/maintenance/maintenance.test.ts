/** Storage and records through the contract, at a whole clinic. */
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEMONSTRATION_PIN } from '../../contract/index.ts';
import type { MaintenanceJob, MaintenanceKind, StorageView } from '../../contract/index.ts';
import type { StaffClient } from '../../../test/fixtures/client.ts';
import { problemCodeOf, until } from '../../../test/fixtures/client.ts';
import type { TestClinic } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import { maintenanceKindSchema } from '../../contract/maintenance.ts';
import { beginVisit, takePicture } from '../../../test/fixtures/visit.ts';
import type { KeyChangeAuthor } from '../clinic-api.ts';
import { changeMasterKey } from '../backup/change-key.ts';
import { noteKeyChange } from '../backup/key-change-note.ts';
import { restoreBackup } from '../backup/restore.ts';
import { recoveryKeyStore } from '../store/recovery-key.ts';
import { verifyExport } from '../audit/verify-export.ts';

const AMARA = 'HR-04127';

let station: TestClinic;
let operator: StaffClient;
beforeEach(async () => {
  station = await openTestClinic();
  operator = await station.signedIn('AT', 'operator');
});
afterEach(async () => {
  await station.close();
});

async function viewOf(wanted: (view: StorageView) => boolean = () => true): Promise<StorageView> {
  return until(await operator.maintenance.watch(), wanted, 60_000);
}

function jobOf(view: StorageView, kind: MaintenanceKind): MaintenanceJob | undefined {
  return view.jobs.find((job) => job.kind === kind);
}

async function ended(kind: MaintenanceKind): Promise<{ readonly view: StorageView; readonly job: MaintenanceJob }> {
  const view = await viewOf((now) => (jobOf(now, kind)?.endedAt ?? null) !== null);
  const job = jobOf(view, kind);
  if (job === undefined) throw new Error(`no ${kind}`);
  return { view, job };
}

async function nothing(): Promise<void> {}

async function codeOf(call: Promise<unknown>): Promise<string | null> {
  return call.then(
    () => 'no error',
    (error: unknown) => problemCodeOf(error),
  );
}

describe('storage and records', () => {
  it('are shown as they are on the disk', async () => {
    const staff = await station.signedIn('IM');
    const sessionId = await beginVisit(staff, AMARA);
    await takePicture(staff, sessionId, 'body-front');
    const view = await viewOf();
    // Picture and thumbnail.
    expect(view.vault.files).toBe(2);
    expect(view.store.bytes).toBeGreaterThanOrEqual(statSync(join(station.directory, 'clinic.db')).size);
    expect(view.backups).toMatchObject({ list: [], onSameDisk: true });
    expect(view.audit).toMatchObject({ verified: null, copies: [], keyId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(view.audit.sequence).toBeGreaterThan(5);
    expect(view.jobs).toEqual([]);
  });

  it('are backed up and the backup read back; a damaged one is said to be', async () => {
    await operator.maintenance.backUp();
    const made = await ended('backup');
    expect(made.job).toMatchObject({ state: 'done', byName: 'Aroha Tauira', problem: null });
    const [backup] = made.view.backups.list;
    const name = backup?.name ?? '';
    await operator.maintenance.checkBackup({ name });
    expect((await ended('backup-check')).view.backups.list[0]?.verified).toMatchObject({ ok: true });

    const copy = join(station.directory, 'backups', name, 'clinic.db');
    const bytes = readFileSync(copy);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    writeFileSync(copy, bytes);
    await operator.maintenance.checkBackup({ name });
    const found = await viewOf((view) => jobOf(view, 'backup-check')?.state === 'failed');
    expect(jobOf(found, 'backup-check')?.problem?.code).toBe('BACKUP_DAMAGED');
    expect(found.backups.list[0]?.verified).toMatchObject({ ok: false });
    expect(await codeOf(operator.maintenance.checkBackup({ name: '20200101T000000Z' }))).toBe('NOT_FOUND');
  });

  it('say that they were put back from a backup, and from when it was', async () => {
    await operator.maintenance.backUp();
    const made = (await ended('backup')).view;
    const [backup] = made.backups.list;
    expect(made.restored).toBeNull();
    await station.restart(async () => {
      await restoreBackup({
        directory: station.directory,
        path: join(station.directory, 'backups', backup?.name ?? ''),
        masterKey: station.masterKey,
        by: { id: 'somebody', role: 'operator' },
        now: () => new Date('2026-11-21T12:00:00.000Z'),
      });
    });
    operator = await station.signedIn('AT', 'operator');
    expect((await viewOf()).restored).toEqual({ at: '2026-11-21T12:00:00.000Z', backupMadeAt: backup?.madeAt });
  });

  it('are read again whole, and a damaged picture is named', async () => {
    const staff = await station.signedIn('IM');
    const sessionId = await beginVisit(staff, AMARA);
    const capture = await takePicture(staff, sessionId, 'body-front');
    await operator.maintenance.checkPictures();
    expect((await ended('scrub')).view.scrub).toMatchObject({ checked: 2, total: 2, damaged: [] });
    for (const path of filesUnder(join(station.directory, 'vault', 'blobs'))) {
      const bytes = readFileSync(path);
      bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    }
    await operator.maintenance.checkPictures();
    const { scrub } = await viewOf((view) => view.scrub.damaged.length === 2);
    expect(scrub.damaged.flatMap(({ uses }) => uses)).toContainEqual({
      kind: 'capture',
      id: capture.captureId,
      sessionId,
      part: 'image',
      stepId: 'body-front',
    });
  });

  it('have every page of the records read again when somebody asks, and damaged ones are named', async () => {
    expect((await viewOf()).store).toMatchObject({ checkedAt: null, checkedSinceStart: false, problem: null });
    await operator.maintenance.checkRecords();
    const whole = await ended('page-check');
    expect(whole.job).toMatchObject({ state: 'done', unit: 'pages', byName: 'Aroha Tauira', done: whole.job.total });
    expect(whole.view.store).toMatchObject({ checkedSinceStart: true, problem: null });

    await station.restart();
    operator = await station.signedIn('AT', 'operator');
    const again = (await viewOf()).store;
    expect(again).toMatchObject({ checkedAt: whole.view.store.checkedAt, checkedSinceStart: false });
    const path = join(station.directory, 'clinic.db');
    const file = openSync(path, 'r+');
    // The last page, which nothing that follows has need of.
    writeSync(file, Buffer.from([1, 2, 3]), 0, 3, statSync(path).size - 4000);
    closeSync(file);
    await operator.maintenance.checkRecords();
    const found = await ended('page-check');
    expect(found.job.state).toBe('done');
    expect(found.view.store.problem).toMatchObject({
      code: 'STORE_PAGES_DAMAGED',
      detail: expect.stringMatching(/^pages \d+$/),
    });
  });

  it('have a trail that is verified and copied, and the copy verifies without the clinic', async () => {
    await operator.maintenance.checkAudit();
    const checked = await ended('audit-check');
    expect(checked.view.audit.verified).toMatchObject({ ok: true, firstBad: null });
    await operator.maintenance.copyAudit({ from: '2020-01-01T00:00:00.000Z', to: '2120-01-01T00:00:00.000Z' });
    const { audit } = (await ended('audit-copy')).view;
    const [copy] = audit.copies;
    const verdict = await verifyExport(join(copy?.folder ?? '', copy?.fileName ?? ''));
    expect(verdict).toMatchObject({ ok: true, entries: copy?.entries, header: { keyId: audit.keyId } });
    expect(
      await codeOf(operator.maintenance.copyAudit({ from: '2020-02-01T00:00:00Z', to: '2020-01-01T00:00:00Z' })),
    ).toBe('INPUT_INVALID');
  });

  it('keep their pictures by a policy that is shown, previewed and carried out', async () => {
    expect(await operator.maintenance.previewRetention()).toMatchObject({ due: [], policy: { keepDays: 90 } });
    await operator.maintenance.setRetention({ keepDays: 30, keepThumbnails: true });
    expect((await viewOf()).retention).toEqual({ keepDays: 30, keepThumbnails: true });
    await operator.maintenance.runRetention();
    expect((await ended('retention')).job.state).toBe('done');
  });
});

describe('the key', () => {
  const PASSPHRASE = 'käse und brot und wein';
  const byOperator = (): Promise<unknown> =>
    operator.maintenance.setRecovery({ pin: DEMONSTRATION_PIN, passphrase: PASSPHRASE });

  it('is opened by a recovery passphrase from when somebody has chosen it with their PIN, and it is written nowhere', async () => {
    expect((await viewOf()).key).toEqual({
      custody: { kind: 'file' },
      changedAt: null,
      notChangeable: 'no-host',
      recovery: { state: 'none', setAt: null },
      openedWithRecoveryAt: null,
    });
    expect(await codeOf(operator.maintenance.setRecovery({ pin: '9999', passphrase: PASSPHRASE }))).toBe('PIN_WRONG');
    expect(await codeOf(operator.maintenance.setRecovery({ pin: DEMONSTRATION_PIN, passphrase: 'short' }))).toBe(
      'INPUT_INVALID',
    );
    expect(existsSync(join(station.directory, 'recovery.key'))).toBe(false);

    await byOperator();
    expect((await viewOf()).key.recovery).toMatchObject({ state: 'set', setAt: expect.any(String) });
    expect(await recoveryKeyStore(station.directory, PASSPHRASE).load()).toEqual(station.masterKey);
    await expect(recoveryKeyStore(station.directory, `${PASSPHRASE} `).load()).rejects.toMatchObject({
      code: 'KEY_WRONG',
    });
    await station.restart();
    operator = await station.signedIn('AT', 'operator');
    expect((await viewOf()).key.recovery.state).toBe('set');
    expect(filesUnder(station.directory).filter((path) => readFileSync(path).includes(PASSPHRASE))).toEqual([]);
  });

  it('is not said to be opened by a file that somebody else put there, nor by one that is gone', async () => {
    await byOperator();
    const path = join(station.directory, 'recovery.key');
    await recoveryKeyStore(station.directory, PASSPHRASE).save(new Uint8Array(32).fill(1));
    expect((await viewOf()).key.recovery).toEqual({ state: 'unknown', setAt: null });
    rmSync(path);
    expect((await viewOf()).key.recovery).toEqual({ state: 'none', setAt: null });
  });

  it('that was changed asks for another passphrase until one is chosen; the one from before opens former backups alone', async () => {
    await byOperator();
    await station.restart(async () => {
      const { masterKey, directory } = station;
      const next = new Uint8Array(32).fill(5);
      const by = { id: 'somebody', role: 'operator' };
      // There and back again, so that this clinic opens with the key it has.
      await changeMasterKey({ directory, masterKey, newKey: next, save: nothing, by, now: () => new Date() });
      await changeMasterKey({
        directory,
        masterKey: next,
        newKey: masterKey,
        save: nothing,
        by,
        now: () => new Date(),
      });
    });
    operator = await station.signedIn('AT', 'operator');
    expect((await viewOf()).key.recovery).toEqual({ state: 'former', setAt: expect.any(String) });
    await byOperator();
    expect((await viewOf()).key.recovery.state).toBe('set');
  });

  it('that came from the recovery passphrase is said to until it is another one, and each such opening is on record', async () => {
    await station.close();
    station = await openTestClinic({ openedWithRecovery: true });
    operator = await station.signedIn('AT', 'operator');
    const { openedWithRecoveryAt } = (await viewOf()).key;
    expect(Date.parse(openedWithRecoveryAt ?? '')).toBeGreaterThan(0);
    await operator.maintenance.copyAudit({ from: '2020-01-01T00:00:00.000Z', to: '2120-01-01T00:00:00.000Z' });
    const { view } = await ended('audit-copy');
    const [copy] = view.audit.copies;
    expect(readFileSync(join(copy?.folder ?? '', copy?.fileName ?? ''), 'utf8')).toContain(
      'store.opened-with-recovery',
    );
  });

  it('whose change was stopped by a kill is told of at the next start, once, and is on record', async () => {
    const next = new Uint8Array(32).fill(5);
    const by = { id: 'somebody', role: 'operator' };
    await station.restart(() => noteKeyChange(station.directory, '2026-11-21T08:00:00.000Z', by, next));
    operator = await station.signedIn('AT', 'operator');
    expect(jobOf(await viewOf(), 'key-change')).toMatchObject({
      state: 'failed',
      startedAt: '2026-11-21T08:00:00.000Z',
      problem: { code: 'KEY_CHANGE_UNDONE' },
    });
    await station.restart(() => noteKeyChange(station.directory, '2026-11-21T08:00:00.000Z', by, station.masterKey));
    operator = await station.signedIn('AT', 'operator');
    expect(jobOf(await viewOf(), 'key-change')).toMatchObject({ problem: { code: 'KEY_CHANGE_FINISHED_LATE' } });
    await operator.maintenance.copyAudit({ from: '2020-01-01T00:00:00.000Z', to: '2120-01-01T00:00:00.000Z' });
    const [copy] = (await ended('audit-copy')).view.audit.copies;
    const trail = readFileSync(join(copy?.folder ?? '', copy?.fileName ?? ''), 'utf8').split('\n');
    const told = trail.filter((line) => line.includes('store.key-change-stopped'));
    expect(told.map((line) => /"stands":"(\w+)"/.exec(line)?.[1])).toEqual(['old', 'new']);
    await station.restart();
    operator = await station.signedIn('AT', 'operator');
    expect(jobOf(await viewOf(), 'key-change')).toBeUndefined();
  });

  it('is changed by the host alone: asked once, by whom the PIN says, and never while long work is under way', async () => {
    await station.close();
    const asked: KeyChangeAuthor[] = [];
    station = await openTestClinic({
      keys: { custody: { kind: 'key-ring', ring: 'gnome_libsecret' }, change: async (by) => void asked.push(by) },
    });
    operator = await station.signedIn('AT', 'operator');
    expect((await viewOf()).key).toMatchObject({ custody: { ring: 'gnome_libsecret' }, notChangeable: null });
    expect(await codeOf(operator.maintenance.changeKey({ pin: '9999' }))).toBe('PIN_WRONG');
    await operator.maintenance.backUp();
    const busy = operator.maintenance.changeKey({ pin: DEMONSTRATION_PIN });
    expect([await codeOf(busy), asked]).toEqual(['STATION_BUSY', []]);
    await ended('backup');
    await operator.maintenance.changeKey({ pin: DEMONSTRATION_PIN });
    expect(asked).toMatchObject([{ name: 'Aroha Tauira', role: expect.stringContaining('operator') }]);
  });

  it('is not changed where nobody could keep a new one', async () => {
    expect(await codeOf(operator.maintenance.changeKey({ pin: DEMONSTRATION_PIN }))).toBe('KEY_NOT_KEPT');
    await station.close();
    station = await openTestClinic({
      keys: { custody: { kind: 'memory' }, change: async () => Promise.reject(new Error('not to be asked')) },
    });
    operator = await station.signedIn('AT', 'operator');
    expect((await viewOf()).key.notChangeable).toBe('not-kept');
    expect(await codeOf(operator.maintenance.changeKey({ pin: DEMONSTRATION_PIN }))).toBe('KEY_NOT_KEPT');
  });
});

describe('the rights', () => {
  it('a technician checks and backs up, and neither gives out records nor deletes', async () => {
    const tomasz = await station.signedIn('TP', 'technician');
    await tomasz.maintenance.checkAudit();
    expect((await ended('audit-check')).job).toMatchObject({ state: 'done', byName: 'Tomasz Przykład' });
    const period = { from: '2020-01-01T00:00:00.000Z', to: '2120-01-01T00:00:00.000Z' };
    for (const call of [
      tomasz.maintenance.copyAudit(period),
      tomasz.maintenance.runRetention(),
      tomasz.maintenance.setRetention({ keepDays: null, keepThumbnails: true }),
      tomasz.maintenance.confirmStore(),
      tomasz.maintenance.changeKey({ pin: DEMONSTRATION_PIN }),
      tomasz.maintenance.setRecovery({ pin: DEMONSTRATION_PIN, passphrase: 'käse und brot und wein' }),
      tomasz.maintenance.cancel({ kind: 'audit-copy' }),
      tomasz.maintenance.cancel({ kind: 'retention' }),
    ]) {
      expect(await codeOf(call)).toBe('NOT_ALLOWED');
    }
  });

  it('a technician stops what a technician may begin, and an operator all of it', async () => {
    const tomasz = await station.signedIn('TP', 'technician');
    expect(await tomasz.maintenance.cancel({ kind: 'backup' })).toEqual({ ok: true });
    for (const kind of maintenanceKindSchema.options)
      expect(await operator.maintenance.cancel({ kind })).toEqual({ ok: true });
  });

  it('a facilitator and a clinician have no part in it', async () => {
    for (const initials of ['IM', 'LN'] as const) {
      const staff = await station.signedIn(initials, `screen-${initials}`);
      expect(await codeOf(staff.maintenance.watch())).toBe('NOT_ALLOWED');
      expect(await codeOf(staff.maintenance.backUp())).toBe('NOT_ALLOWED');
    }
  });
});

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What people do with a station's storage and records, and the view that they are given of them. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type {
  AuditCopy,
  MaintenanceJob,
  RetentionPolicy,
  RetentionPreview,
  StationStatus,
  StorageKey,
  StorageView,
} from '../../contract/index.ts';
import { MAINTENANCE_STARTERS, VantageError } from '../../contract/index.ts';
import { restoredSchema } from '../../contract/maintenance.ts';
import type { Actor } from '../access/access.ts';
import type { TrailKeeper } from '../audit/trail-keeper.ts';
import { makeBackup, pruneBackups, verifyBackup } from '../backup/backup.ts';
import type { BackupOptions } from '../backup/backup.ts';
import { KEY_CHANGED_KEY } from '../backup/change-key.ts';
import { clinicKeys, keyOfBackup } from '../backup/former-keys.ts';
import { listBackups, unreadableBackups } from '../backup/manifest.ts';
import { RESTORED_KEY } from '../backup/restore.ts';
import { recoveryState, recoveryUsedAt, setRecoveryPassphrase } from '../backup/recovery-passphrase.ts';
import type { ClinicKeys, Log } from '../clinic-api.ts';
import type { ReserveFile } from '../reserve-file.ts';
import type { Retention } from '../retention/retention.ts';
import type { AnchorKeeper, Store } from '../store/index.ts';
import { STORE_FILE } from '../store/cipher-file.ts';
import { readStationValue } from '../store/station-values.ts';
import type { PageScrub } from '../store/page-scrub.ts';
import type { Scrub } from '../vault/scrub.ts';
import { authorOf } from '../visits/author.ts';
import { Jobs } from './jobs.ts';

/** Copies of the trail that are listed. */
const COPIES_LISTED = 5;
/** Backups that are kept in the folder. */
const BACKUPS_KEPT = 7;

/** Who asks: a person, or the station itself for what it does every day. */
type Author = Pick<Actor, 'staffId' | 'name'> & { readonly roles: readonly string[] };

export interface MaintenanceOptions extends Pick<BackupOptions, 'masterKey' | 'signer' | 'stationId'> {
  readonly store: Store;
  /** The clinic's own folder. */
  readonly directory: string;
  readonly backupRoot: string;
  readonly disk: () => Promise<StationStatus['disk']>;
  readonly reserveFile: ReserveFile;
  readonly trail: TrailKeeper;
  readonly anchor: AnchorKeeper;
  readonly scrub: Scrub;
  readonly pageScrub: PageScrub;
  readonly retention: Retention;
  /** How the key is kept; without a host that keeps one it can't be changed from here. */
  readonly keys: ClinicKeys | null;
  /** The last change of the key, if the station was closed for one just now. */
  readonly before: MaintenanceJob | null;
  /** Whether pictures or reports are on their way. */
  readonly busy: () => boolean;
  readonly changed: () => void;
  readonly now: () => Date;
  readonly log: Log;
}

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #jobs: Jobs;
  #copies: readonly AuditCopy[] = [];

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#jobs = new Jobs(options);
  }

  async view(): Promise<StorageView> {
    const { store, directory, backupRoot, masterKey, reserveFile, trail, anchor, scrub, pageScrub, retention } =
      this.#options;
    // First: whoever reads that something is done finds what it did in the rest.
    const jobs = this.#jobs.list();
    const head = trail.head();
    const checkpoint = trail.lastCheckpoint();
    const vault = store.sqlite
      .prepare<[], { files: number; bytes: number }>(
        'SELECT count(*) AS files, ifnull(sum(size), 0) AS bytes FROM vault_blobs',
      )
      .get();
    const backups = await listBackups(backupRoot, clinicKeys(directory, masterKey, backupRoot));
    return {
      at: this.#at(),
      disk: await this.#options.disk(),
      reserveFile: { bytes: reserveFile.bytes, isHeld: reserveFile.isHeld() },
      store: {
        bytes: sizeOf(join(directory, STORE_FILE)) + sizeOf(join(directory, `${STORE_FILE}-wal`)),
        checkedAt: pageScrub.completeAt,
        checkedSinceStart: pageScrub.isCheckedSinceStart,
        problem: pageScrub.problem(),
      },
      restored: restoredOf(store),
      vault: vault ?? { files: 0, bytes: 0 },
      backups: {
        folder: backupRoot,
        onSameDisk: isOnSameDisk(directory, backupRoot),
        list: backups.map(({ path: _path, ...info }) => info),
        unreadable: await unreadableBackups(backupRoot),
      },
      scrub: scrub.status(),
      audit: {
        sequence: head?.sequence ?? 0,
        at: head?.at ?? null,
        checkpoint: checkpoint && { number: checkpoint.number, sequence: checkpoint.sequence, at: checkpoint.at },
        keyId: trail.keyId,
        verified: trail.lastVerified(),
        copies: [...this.#copies],
      },
      anchorProblems: anchor.problems,
      retention: retention.policy(),
      key: this.#keyView(),
      jobs,
    };
  }

  /** Removes the oldest beyond seven, too. */
  backUp(actor: Author): void {
    const { backupRoot: root } = this.#options;
    this.#jobs.start('backup', actor, async ({ signal, progress }) => {
      mkdirSync(root, { recursive: true, mode: 0o700 });
      const made = await makeBackup({
        ...this.#options,
        root,
        signal,
        progress: ({ phase, done, total }) => progress(done, total, unitOf(phase)),
      });
      await this.#audit(actor, 'backup.made', made.name, { files: made.files, missingFiles: made.missingFiles });
      await pruneBackups(root, BACKUPS_KEPT, this.#options.now);
    });
  }

  /** @throws VantageError NOT_FOUND for what is no backup of the list. */
  async checkBackup(actor: Actor, name: string): Promise<void> {
    const { directory, backupRoot, masterKey, now } = this.#options;
    const backup = (await listBackups(backupRoot, [])).find((candidate) => candidate.name === name);
    if (backup === undefined) throw new VantageError('NOT_FOUND', 'no such backup');
    this.#jobs.start('backup-check', actor, async ({ signal, progress }) => {
      const key = await keyOfBackup(directory, backup.path, masterKey);
      const { ok, problems } = await verifyBackup(backup.path, key, now, {
        signal,
        progress: ({ phase, done, total }) => progress(done, total, unitOf(phase)),
      });
      await this.#audit(actor, 'backup.checked', name, { ok });
      if (!ok) throw new VantageError('BACKUP_DAMAGED', problems.join('; ').slice(0, 500));
    });
  }

  /** Damage is no failure of the check: the view names it. */
  checkPictures(actor: Actor): void {
    this.#jobs.start('scrub', actor, async ({ signal, progress }) => {
      const status = await this.#options.scrub.runNow(signal, (now) => progress(now.checked, now.total, 'files'));
      progress(status.checked, status.total, 'files');
      await this.#audit(actor, 'vault.checked', 'vault', { files: status.total, damaged: status.damaged.length });
    });
  }

  /** Damage is no failure of the check: the view names the pages. */
  checkRecords(actor: Actor): void {
    const { pageScrub } = this.#options;
    this.#jobs.start('page-check', actor, async ({ signal, progress }) => {
      await pageScrub.runNow(signal, (done, total) => progress(done, total, 'pages'));
      await this.#audit(actor, 'store.checked', 'records', { isWhole: pageScrub.problem() === null });
    });
  }

  checkAudit(actor: Actor): void {
    this.#jobs.start('audit-check', actor, async ({ signal, progress }) => {
      await this.#options.trail.verify(authorOf(actor), {
        signal,
        progress: (done, total) => progress(done, total, 'entries'),
      });
    });
  }

  /** @throws VantageError INPUT_INVALID for a period that is none. */
  copyAudit(actor: Actor, period: { readonly from: string; readonly to: string }): void {
    if (Date.parse(period.from) >= Date.parse(period.to)) {
      throw new VantageError('INPUT_INVALID', 'the period ends before it begins', { field: 'to' });
    }
    const from = new Date(period.from).toISOString();
    const to = new Date(period.to).toISOString();
    this.#jobs.start('audit-copy', actor, async ({ signal, progress }) => {
      const copy = await this.#options.trail.export(
        authorOf(actor),
        { from, to },
        {
          signal,
          progress: (done, total) => progress(done, total, 'entries'),
        },
      );
      const { fileName, folder, entries, sha256 } = copy;
      this.#copies = [{ at: this.#at(), from, to, fileName, folder, entries, sha256 }, ...this.#copies].slice(
        0,
        COPIES_LISTED,
      );
    });
  }

  previewRetention(): Promise<RetentionPreview> {
    return this.#options.retention.preview();
  }

  async setRetention(actor: Actor, policy: RetentionPolicy): Promise<void> {
    await this.#options.retention.setPolicy(policy, authorOf(actor));
    this.#options.changed();
  }

  runRetention(actor: Actor): void {
    this.#jobs.start('retention', actor, async ({ signal }) => {
      await this.#options.retention.run(authorOf(actor), signal);
      if (signal.aborted) throw new VantageError('CANCELLED');
    });
  }

  /**
   * Begins; the station closes for it. Whoever called has asked for the person's PIN.
   * @throws VantageError STATION_BUSY, KEY_NOT_KEPT
   */
  async changeKey(actor: Actor): Promise<void> {
    const { keys, busy } = this.#options;
    if (keys === null || keys.custody.kind === 'memory') throw new VantageError('KEY_NOT_KEPT');
    if (busy() || this.#jobs.isWorking) throw new VantageError('STATION_BUSY');
    await this.#audit(actor, 'store.key-change-begun', 'key', {});
    await keys.change({ staffId: actor.staffId, name: actor.name, role: actor.roles.join(',') });
  }

  /** Whoever called has asked for the person's PIN. @throws VantageError INPUT_INVALID, DISK_FULL, DISK_FAILED */
  async setRecovery(actor: Actor, passphrase: string): Promise<void> {
    const { store, directory, masterKey, now, changed } = this.#options;
    const by = { id: actor.staffId, role: actor.roles.join(',') };
    await setRecoveryPassphrase({ store, directory, masterKey, passphrase, by, now });
    changed();
  }

  async confirmStore(actor: Actor): Promise<void> {
    await this.#options.anchor.confirm(actor);
    this.#options.changed();
  }

  /** @throws VantageError NOT_ALLOWED for who may not begin such work either. */
  async cancel(actor: Actor, kind: Parameters<Jobs['cancel']>[0]): Promise<void> {
    if (!actor.roles.some((role) => MAINTENANCE_STARTERS[kind].includes(role))) throw new VantageError('NOT_ALLOWED');
    await this.#audit(actor, 'maintenance.cancelled', kind, {});
    this.#jobs.cancel(kind);
  }

  /** Stops what is under way; before the store is closed. */
  close(): Promise<void> {
    return this.#jobs.close();
  }

  #keyView(): StorageKey {
    const { store, directory, keys } = this.#options;
    const custody = keys?.custody ?? { kind: 'file' };
    return {
      custody,
      changedAt: readStationValue(store.sqlite, KEY_CHANGED_KEY),
      notChangeable: keys === null ? 'no-host' : custody.kind === 'memory' ? 'not-kept' : null,
      recovery: recoveryState(store.sqlite, directory),
      openedWithRecoveryAt: recoveryUsedAt(store.sqlite),
    };
  }

  async #audit(
    actor: Author,
    action: string,
    subjectId: string,
    detail: Record<string, number | boolean>,
  ): Promise<void> {
    await this.#options.store.audit.append({
      at: this.#at(),
      actorId: actor.staffId,
      role: actor.roles.join(','),
      action,
      subjectKind: 'storage',
      subjectId,
      detail,
    });
  }

  #at(): string {
    return this.#options.now().toISOString();
  }
}

function unitOf(phase: 'store' | 'checking' | 'files'): 'bytes' | 'tables' | 'files' {
  return phase === 'store' ? 'bytes' : phase === 'checking' ? 'tables' : 'files';
}

/** As the restore noted it in what it put back. */
function restoredOf({ sqlite }: Pick<Store, 'sqlite'>): StorageView['restored'] {
  const text = readStationValue(sqlite, RESTORED_KEY);
  return text === null ? null : restoredSchema.parse(JSON.parse(text));
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** A folder that is not there yet will be made in the clinic's own. */
function isOnSameDisk(directory: string, other: string): boolean {
  const there = statSync(other, { throwIfNoEntry: false });
  return there === undefined || there.dev === statSync(directory).dev;
}

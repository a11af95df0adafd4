/** Makes a running clinic from a directory, a key and the two other processes. The one place where core's parts meet. */
import { join } from 'node:path';
import { RPCHandler } from '@orpc/server/message-port';
import type { DeviceStatus, Hello, ProcessStatus, StationStatus, SyncView } from '../contract/index.ts';
import { CONTRACT_VERSION, DEMONSTRATION_PIN } from '../contract/index.ts';
import type { Actor, ScreenState } from './access/access.ts';
import { Access } from './access/access.ts';
import type { CheckinRouter } from './api/checkin-router.ts';
import { createCheckinRouter } from './api/checkin-router.ts';
import { CheckinTickets } from './api/checkin-tickets.ts';
import type { ApiContext } from './api/guard.ts';
import { withTraceparent } from './api/guard.ts';
import { Changes } from './api/live.ts';
import { onlyFrames } from './api/frames.ts';
import { MediaTickets } from './api/media.ts';
import type { StaffRouter } from './api/staff-router.ts';
import { createStaffRouter } from './api/staff-router.ts';
import { signerOf } from './audit/signer.ts';
import { TrailKeeper } from './audit/trail-keeper.ts';
import { DailyBackup } from './backup/daily-backup.ts';
import { recordStoppedKeyChange, stoppedJob, stoppedKeyChange } from './backup/key-change-note.ts';
import { listBackups } from './backup/manifest.ts';
import { noteRecoveryUsed } from './backup/recovery-passphrase.ts';
import { CaptureActivity } from './capture/capture-activity.ts';
import { Captures } from './capture/captures.ts';
import { Readings } from './capture/readings.ts';
import type { Clinic, ClinicOptions, MediaGrant, Screen, ScreenPort } from './clinic-api.ts';
import type { ClinicParts } from './clinic-parts.ts';
import { seedDemonstration } from './demonstration/demonstration.ts';
import { configuredDevices } from './devices/configured-devices.ts';
import { DeviceBook } from './devices/device-book.ts';
import { watchDisk } from './disk.ts';
import { codeOf } from './problems.ts';
import { Maintenance } from './maintenance/maintenance.ts';
import { openOutbox } from './outbox/index.ts';
import { stationSettings } from './outbox/station-settings.ts';
import { openReserveFile } from './reserve-file.ts';
import { blobUses } from './retention/blob-uses.ts';
import { Retention } from './retention/retention.ts';
import { ReportJobs } from './reports/report-jobs.ts';
import { Reviews } from './review/reviews.ts';
import { keepStationId, stationIdentity, stationIdOf } from './station.ts';
import { openStationWork } from './station-work/index.ts';
import type { Store } from './store/index.ts';
import { AnchorKeeper, openStore } from './store/index.ts';
import { hasStoreAside } from './store/replace-file.ts';
import { PageScrub } from './store/page-scrub.ts';
import { storeProblem } from './store/store-problem.ts';
import { onlyOnDevice } from './sync/artefacts.ts';
import { openSync } from './sync/index.ts';
import { noCloud } from './sync/no-cloud.ts';
import { ScreenSpans } from './telemetry/screen-spans.ts';
import { isTraced } from './telemetry/traces.ts';
import { visitTraceOf } from './telemetry/visit-trace.ts';
import { cloudTimes } from './sync/uploads/queue-view.ts';
import { startUpkeep } from './upkeep.ts';
import { openVault } from './vault/index.ts';
import { Scrub } from './vault/scrub.ts';
import { helpCalls } from './visits/day-views.ts';
import type { ViewSources } from './visits/views.ts';
import { Visits } from './visits/visits.ts';

const MINUTE_MS = 60_000;
/** A demonstration's disk is somebody's own. */
const DEMONSTRATION_RESERVE_BYTES = 8 * 1024 * 1024;

/** A clinic and, for callers in this very process, its routers without a port. */
export interface OpenedClinic extends Clinic {
  readonly routers: { readonly staff: StaffRouter; readonly checkin: CheckinRouter };
  /** What a router's calls need to know of the screen they come from. */
  contextOf(screen: Screen): Promise<ApiContext>;
}

/**
 * Opens the clinic kept in `options.directory`, or makes a new one.
 * @throws VantageError KEY_WRONG, STORE_DAMAGED, STORE_SWAPPED, STORE_NEWER, SECOND_INSTANCE, DISK_FULL, DISK_FAILED; nothing is overwritten.
 */
export async function openClinic(options: ClinicOptions): Promise<OpenedClinic> {
  const { directory, mode, masterKey, devices, inference, now, log } = options;
  const stationId = stationIdOf(directory);
  const reserveFile = openReserveFile({
    directory,
    log,
    ...(mode === 'demonstration' ? { bytes: DEMONSTRATION_RESERVE_BYTES } : {}),
  });
  const makeRoom = (): boolean => reserveFile.release();
  const open = (): Promise<Store> =>
    openStore({ directory, key: masterKey, now: () => now().getTime(), stationId, log, makeRoom, mayRefuse: true });
  const store = await open().catch((error: unknown) => {
    if (codeOf(error) !== 'DISK_FULL' || !makeRoom()) throw error;
    return open();
  });
  const closing = new AbortController();
  /** Ends what works by itself already, where the opening is refused after all. */
  const begun: (() => unknown)[] = [() => closing.abort()];
  try {
    const station = stationIdentity(store, mode, stationId);
    if (station.stationId !== stationId) keepStationId(directory, station.stationId);
    const signer = signerOf(station.privateKey);
    const anchored = new AnchorKeeper({ store, directory, masterKey, signer, stationId: station.stationId, now, log });
    begun.push(() => anchored.stop());
    const trail = new TrailKeeper({ store, station, exportsFolder: join(directory, 'exports'), now });
    await trail.sweep();
    const vault = await openVault({
      directory: join(directory, 'vault'),
      database: store.sqlite,
      masterKey,
      now,
      log,
      reserveFile,
      // Pictures from after a backup that was restored: they are not lost as long as the file that names them is kept.
      ...(hasStoreAside(directory) ? { lostAgeMs: Infinity } : {}),
    });
    // What was being written when core stopped has no document yet: pictures are fetched from their camera again.
    for (const open of await vault.recoverPending()) await vault.abandon(open.pendingId);
    if (mode === 'demonstration') await seedDemonstration(store, station, now());

    const changes = {
      documents: new Changes(),
      status: new Changes(),
      activity: new Changes(),
      minute: new Changes(),
      maintenance: new Changes(),
      sync: new Changes(),
      outbox: new Changes(),
    };
    const subscription = store.changes().subscribe(() => changes.documents.notify());
    const activity = new CaptureActivity(() => changes.activity.notify());
    let processes: readonly ProcessStatus[] = [];
    let statuses: readonly DeviceStatus[] = [];

    const diskWatch = watchDisk({
      space: () => vault.space(),
      now,
      reserveFile,
      changed: (isFull) => {
        changes.status.notify();
        if (!isFull) resume(true);
      },
    });
    begun.push(() => diskWatch.stop());
    const book = new DeviceBook(store, station);
    await book.remember(configuredDevices(directory, options.initialDevices));
    const deviceStatuses = (): readonly DeviceStatus[] => statuses;
    const reports = new ReportJobs({ store, vault, station, mode, now, log, changed: () => changes.activity.notify() });
    const scrub = new Scrub({
      store,
      vault,
      usesOf: (blobIds) => blobUses(store, (value) => blobIds.has(value)),
      busy: () => captures.isBusy,
      changed: () => {
        changes.documents.notify();
        changes.status.notify();
        changes.maintenance.notify();
      },
      now,
      log,
    });
    const pageScrub = new PageScrub({
      store,
      busy: () => captures.isBusy,
      changed: () => {
        changes.status.notify();
        changes.maintenance.notify();
      },
      now,
      log,
    });
    const retention = new Retention({
      store,
      vault,
      verifiedAt: (sha256) => sync.verifiedAt(sha256),
      now,
      log,
    });
    const stopped = stoppedKeyChange(directory, masterKey);
    const maintenance = new Maintenance({
      store,
      directory,
      backupRoot: join(directory, 'backups'),
      masterKey,
      signer,
      stationId: station.stationId,
      disk: async () => (await diskWatch.look()).disk,
      reserveFile,
      trail,
      anchor: anchored,
      scrub,
      pageScrub,
      retention,
      keys: options.keys ?? null,
      before: options.keyChange ?? (stopped === null ? null : stoppedJob(stopped, now)),
      busy: () => captures.isBusy || reports.inProgress.size > 0,
      changed: () => changes.maintenance.notify(),
      now,
      log,
    });
    const daily = new DailyBackup({
      list: () => listBackups(join(directory, 'backups'), []),
      begin: () => maintenance.backUp({ staffId: station.stationId, name: station.stationName, roles: ['station'] }),
      now,
      changed: () => changes.status.notify(),
    });
    begun.push(() => daily.stop());
    const sources: ViewSources = {
      stationId: station.stationId,
      store,
      now,
      deviceStatuses,
      activity,
      reportsInProgress: reports.inProgress,
      reportProblemOf: (sessionId) => reports.problemOf(sessionId),
      cloudTimesOf: (captureId) => cloudTimes(store.sqlite, captureId, 'image'),
      lostBlobs: scrub.lost,
    };
    const captures = new Captures({
      store,
      vault,
      devices,
      inference,
      station,
      activity,
      deviceStatuses,
      fieldAngleOf: (deviceId) => book.configurationOf(deviceId)?.fieldAngleDegrees ?? null,
      now,
      log,
    });
    const access = new Access(store, now);
    const media = new MediaTickets(vault, now);

    async function audit(actor: Actor, action: string, subjectKind: string, subjectId: string): Promise<void> {
      await store.audit.append({
        at: now().toISOString(),
        actorId: actor.staffId,
        role: actor.roles.join(','),
        action,
        subjectKind,
        subjectId,
        detail: {},
      });
    }

    function hello(screen: ScreenState): Hello {
      const { actor } = screen;
      return {
        buildId: options.buildId,
        contractVersion: CONTRACT_VERSION,
        surface: screen.screen.surface,
        mode,
        clinicName: station.clinicName,
        locationName: station.locationName,
        stationName: station.stationName,
        idleLockSeconds: station.idleLockSeconds,
        demonstrationPin: mode === 'demonstration' ? DEMONSTRATION_PIN : null,
        signedIn: actor === null ? null : { ...actor, roles: [...actor.roles] },
      };
    }

    const sync = openSync({
      store,
      vault,
      station,
      mode,
      log,
      ...(options.cloud !== undefined && { settings: options.cloud }),
      notEnrolled: noCloud(store, () => scrub.lostItems()),
      busy: () => captures.isBusy,
    });
    const stopSync = sync.changes(() => changes.sync.notify());
    const outbox = openOutbox({
      store,
      station,
      mode,
      settings: options.workflows ?? null,
      log,
      changed: () => changes.outbox.notify(),
    });

    const workflows = mode === 'demonstration' ? null : (options.workflows ?? null);
    const stationWork = openStationWork({
      store,
      vault,
      devices,
      inference,
      sync,
      configurations: () => book.configurations(),
      deviceStatuses,
      station,
      signer,
      buildId: options.buildId,
      workflows: workflows === null ? null : stationSettings(workflows, store.sqlite).settings,
      lineChanges: changes.sync,
      now,
      log,
    });
    begun.push(() => stationWork.close());

    async function syncView(): Promise<SyncView> {
      const { steps, ...state } = await sync.state();
      return {
        ...state,
        at: now().toISOString(),
        steps: { ...steps, onlyOnDevice: await onlyOnDevice(store) },
      };
    }

    async function stationStatus(): Promise<StationStatus> {
      const { disk, problem } = await diskWatch.look();
      const { line, steps, unpushed } = await sync.state();
      return {
        at: now().toISOString(),
        devices: [...statuses],
        processes: [...processes],
        disk,
        cloud: { state: line.state, since: line.since, problem: line.problem },
        items: {
          onDisk: steps.onDisk,
          inCloud: steps.inCloud,
          verified: steps.verified,
          waiting: steps.left.artefacts,
          records: unpushed.documents,
        },
        helpCalls: await helpCalls(sources),
        problems: [
          ...anchored.problems,
          pageScrub.problem(),
          daily.problem,
          problem,
          scrub.problem(),
          // Why nothing goes stands beside the line itself.
          ...sync.problems.filter(({ code }) => code !== line.problem?.code),
          ...outbox.problems,
        ].filter((each) => each !== null),
      };
    }

    const parts: ClinicParts = {
      mode,
      store,
      station,
      access,
      visits: new Visits(store, station, now, options.buildId),
      captures,
      readings: new Readings(devices, now),
      reports,
      reviews: new Reviews(sources, options.buildId),
      scrub,
      retention,
      devices,
      inference,
      media,
      tickets: new CheckinTickets(store, now),
      sources,
      anchor: anchored,
      trail,
      maintenance,
      sync,
      outbox,
      stationWork,
      enrolment: sync,
      guard: {
        now,
        log,
        ...(isTraced() && {
          traceOf: async (input: unknown) => visitTraceOf(store, input),
          screenSpans: new ScreenSpans(now),
        }),
        refused: (screen, path) => {
          const actor = screen.actor ?? { staffId: 'nobody', name: '', initials: '', roles: [] };
          audit(actor, 'access.refused', 'procedure', path).catch((error: unknown) => {
            log.error({ code: codeOf(error) }, 'a refusal could not be recorded');
          });
        },
        seen: (screen) => access.seen(screen),
      },
      changes,
      now,
      hello,
      stationStatus,
      syncView,
      reinstate: (deviceId) => devices.reinstate({ deviceId }),
      audit,
      auditPatient: async (patientId, action, subjectId) =>
        store.audit.append({
          at: now().toISOString(),
          actorId: patientId,
          role: 'patient',
          action,
          subjectKind: 'appointment',
          subjectId,
          detail: {},
        }),
    };
    const routers = { staff: createStaffRouter(parts), checkin: createCheckinRouter(parts) };
    const handlers = {
      staff: new RPCHandler<ApiContext>(routers.staff, { rootInterceptors: [withTraceparent] }),
      checkin: new RPCHandler<ApiContext>(routers.checkin, { rootInterceptors: [withTraceparent] }),
    };

    const watcher = new DeviceWatcher();
    /** What was last heard is not so any more; it is ready again only when the new process says so. */
    function devicesAway(): void {
      const at = now().toISOString();
      statuses = statuses.map((status) => ({
        ...status,
        state: 'recovering',
        since: at,
        problem: { code: 'DEVICES_RESTARTED', detail: '', at },
      }));
      changes.status.notify();
    }
    function watchDevices(): void {
      watcher.start(devices, closing.signal, log, devicesAway, (next) => {
        const came = next.some(
          (status) =>
            status.state === 'ready' &&
            statuses.find((former) => former.deviceId === status.deviceId)?.state !== 'ready',
        );
        statuses = next;
        changes.status.notify();
        book.seen(next).catch((error: unknown) => log.error({ code: codeOf(error) }, 'device record'));
        if (came) resume();
      });
    }
    async function serve(port: ScreenPort, screen: Screen): Promise<void> {
      const state = await access.screenState(screen);
      port.addEventListener('close', access.attached(state));
      const gated = onlyFrames(port, () =>
        log.warn({ surface: screen.surface }, 'a screen that sends nonsense was cut off'),
      );
      handlers[screen.surface].upgrade(gated, { context: { screen: state } });
      port.start?.();
    }
    function resume(analysisBack = false): void {
      captures
        .resumeAll(analysisBack)
        .catch((error: unknown) => log.error({ code: codeOf(error) }, 'captures could not be taken up'));
    }

    await devices.configure({ devices: book.configurations() }).catch((error: unknown) => {
      log.error({ code: codeOf(error) }, 'devices are not configured yet');
    });
    watchDevices();
    resume();
    await reports.resumeAll();
    function sealTheDay(): void {
      trail
        .daily()
        .catch((error: unknown) => log.error({ code: codeOf(error) }, 'the audit trail could not be signed'));
    }
    sealTheDay();
    await scrub.start(vault.swept.missingBlobIds);
    begun.push(() => scrub.close());
    // Nothing is read any more that the clinic could not be opened without. Before this the log and the anchor are as they were.
    store.settle();
    if (options.openedWithRecovery === true) {
      await noteRecoveryUsed({ store, by: { id: station.stationId, role: 'station' }, now });
    }
    if (stopped !== null) {
      await recordStoppedKeyChange({ store, directory, stationId: station.stationId, now }, stopped);
    }
    await anchored.start();
    pageScrub.start();
    const upkeep = startUpkeep({ vault, scrub, retention, log });
    void reserveFile.restore();
    const minute = setInterval(() => {
      changes.minute.notify();
      changes.status.notify();
      sealTheDay();
    }, MINUTE_MS);
    // Last: nobody waits for the cloud.
    sync.start();
    outbox.start();

    return {
      routers,
      contextOf: async (screen) => ({ screen: await access.screenState(screen) }),
      stationWork: stationWork.api,
      attach(port: ScreenPort, screen: Screen): void {
        serve(port, screen).catch((error: unknown) => {
          log.error({ code: codeOf(error) }, 'screen could not be attached');
          port.close();
        });
      },
      openMedia: (path: string, screenSessionId: string): MediaGrant | null => media.grant(path, screenSessionId),
      reportProcesses(next: readonly ProcessStatus[]): void {
        processes = next;
        changes.status.notify();
      },
      resumed(process: 'devices' | 'inference'): void {
        if (process === 'inference') {
          resume(true);
          return;
        }
        devicesAway();
        void devices.configure({ devices: book.configurations() }).then(
          () => watchDevices(),
          (error: unknown) => log.error({ code: codeOf(error) }, 'devices could not be configured again'),
        );
      },
      async close(): Promise<void> {
        clearInterval(minute);
        diskWatch.stop();
        closing.abort();
        daily.stop();
        await maintenance.close();
        await upkeep.stop();
        await scrub.close();
        await pageScrub.close();
        await reserveFile.close();
        await captures.close();
        await reports.close();
        stopSync();
        await stationWork.close();
        await sync.close();
        await outbox.close();
        subscription.unsubscribe();
        await trail.close().catch((error: unknown) => {
          log.error({ code: codeOf(error) }, 'the audit trail could not be signed');
        });
        await anchored.close().catch((error: unknown) => {
          log.error({ code: codeOf(error) }, 'the anchor could not be written');
        });
        await store.close();
      },
    };
  } catch (error) {
    for (const end of begun) await end();
    await store.close().catch((failure: unknown) => {
      log.error({ code: codeOf(failure) }, 'the log of the store could not be left as it was');
    });
    // A damaged page may be come upon by anything that reads here.
    throw storeProblem(error);
  }
}

/** Follows the devices process; a stream that ended because it went away is started again by `resumed`. */
class DeviceWatcher {
  #current: AbortController | null = null;

  start(
    devices: ClinicOptions['devices'],
    closing: AbortSignal,
    log: ClinicOptions['log'],
    away: () => void,
    changed: (statuses: readonly DeviceStatus[]) => void,
  ): void {
    this.#current?.abort();
    const controller = new AbortController();
    this.#current = controller;
    const signal = AbortSignal.any([closing, controller.signal]);
    void (async () => {
      for await (const statuses of await devices.watch({ signal })) {
        if (signal.aborted) return;
        changed(statuses);
      }
    })()
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn({ code: codeOf(error) }, 'devices are away');
      })
      .finally(() => {
        if (!signal.aborted) away();
      });
  }
}

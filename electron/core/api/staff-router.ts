/** The staff's router: each procedure of `staffContract`, thin over the parts of core that do the work. */
import type { Hello, VisitView } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { ClinicParts } from '../clinic-parts.ts';
import { authorOf } from '../visits/author.ts';
import { bookVisit } from '../visits/booking.ts';
import { dayOutline, dayView, findRows } from '../visits/day-views.ts';
import { visitView } from '../visits/views.ts';
import { createEnrolmentRouter } from './enrolment-router.ts';
import type { ApiContext, CallContext } from './guard.ts';
import { actorOf, guardStream } from './guard.ts';
import { live } from './live.ts';
import { createMaintenanceRouter } from './maintenance-router.ts';
import { createOutboxRouter } from './outbox-router.ts';
import { recordShown } from './shown.ts';
import { staffImplementer } from './staff-implementer.ts';
import { createAcceptanceRouter, createCalibrationRouter } from './station-work-router.ts';
import { createSyncRouter } from './sync-router.ts';

const OK = { ok: true } as const;

/** Makes the router that `RPCHandler.upgrade` serves on a staff screen's port. */
export type StaffRouter = ReturnType<typeof createStaffRouter>;

export function createStaffRouter(parts: ClinicParts) {
  const { access, visits, captures, reviews, devices, inference, store, media, sources, changes, guard } = parts;

  const shown = recordShown(parts);

  const os = staffImplementer(guard);

  /** A view as a stream that ends when the reader goes away, and with NOT_SIGNED_IN when the screen locks. */
  function stream<T>(
    { signIn }: CallContext,
    signal: AbortSignal | undefined,
    path: string,
    compute: () => Promise<T> | T,
    sourcesOfChange = [changes.documents, changes.status, changes.activity],
  ): AsyncGenerator<T, void, void> {
    const signals = [signIn.signal, ...(signal === undefined ? [] : [signal])];
    return guardStream(live(compute, sourcesOfChange, signals), guard, path);
  }

  /** What shows receipts is told of those that the cloud gives. */
  const withReceipts = [changes.documents, changes.status, changes.activity, changes.sync];

  async function hello(context: ApiContext): Promise<Hello> {
    return parts.hello(context.screen);
  }

  return os.router({
    station: {
      hello: os.station.hello.handler(({ context }) => hello(context)),
      watch: os.station.watch.handler(({ signal }) =>
        // The station line goes on behind the lock: it knows no patient.
        guardStream(
          live(
            () => parts.stationStatus(),
            [changes.status, changes.documents, changes.sync, changes.outbox],
            signal === undefined ? [] : [signal],
          ),
          guard,
          'station.watch',
        ),
      ),
      checkDisk: os.station.checkDisk.handler(() => {
        changes.status.notify();
        return OK;
      }),
      inference: os.station.inference.handler(async function* ({ context, signal }) {
        const signals = [context.signIn.signal, ...(signal === undefined ? [] : [signal])];
        yield* guardStream(await inference.watch({ signal: AbortSignal.any(signals) }), guard, 'station.inference');
      }),
    },
    enrolment: createEnrolmentRouter(os.enrolment, parts),
    access: {
      people: os.access.people.handler(() => access.people()),
      unlock: os.access.unlock.handler(({ context, input }) => access.unlock(context.screen, input.staffId, input.pin)),
      lock: os.access.lock.handler(async ({ context }) => {
        await access.lock(context.screen);
        return OK;
      }),
    },
    telemetry: {
      finished: os.telemetry.finished.handler(({ input }) => ({
        wanted: guard.screenSpans?.finished(input.spans) ?? false,
      })),
    },
    today: {
      watch: os.today.watch.handler(async ({ context, signal }) => {
        await parts.audit(actorOf(context), 'day.read', 'location', parts.station.locationId);
        return stream(context, signal, 'today.watch', async () => {
          const view = await dayView(sources);
          await shown(
            context,
            'patient.listed',
            view.rows.map((row) => row.patient.patientId),
          );
          return view;
        });
      }),
      outline: os.today.outline.handler(async ({ context, signal }) => {
        await parts.audit(actorOf(context), 'day.outline-read', 'location', parts.station.locationId);
        return stream(context, signal, 'today.outline', () => dayOutline(sources));
      }),
      find: os.today.find.handler(async ({ context, input }) => {
        await parts.audit(actorOf(context), 'patients.searched', 'location', parts.station.locationId);
        const rows = await findRows(sources, input.text);
        // Each of them was seen, with name and birth date.
        for (const patientId of new Set(rows.map((row) => row.patient.patientId))) {
          await parts.audit(actorOf(context), 'patient.found', 'patient', patientId);
        }
        return rows;
      }),
      book: os.today.book.handler(({ context, input }) =>
        bookVisit({ store, station: parts.station, now: parts.now }, input, authorOf(actorOf(context))),
      ),
      checkIn: os.today.checkIn.handler(async ({ context, input }) => {
        const session = await visits.checkIn(input.appointmentId, authorOf(actorOf(context)));
        return { sessionId: session.id };
      }),
      consent: os.today.consent.handler(async ({ context, input }) => {
        await visits.consent(input.sessionId, { ...input, surface: 'staff' }, authorOf(actorOf(context)));
        return OK;
      }),
    },
    visits: {
      watch: os.visits.watch.handler(async ({ context, input, signal }) => {
        await visitView(sources, input.sessionId);
        await parts.audit(actorOf(context), 'patient.read', 'session', input.sessionId);
        return stream<VisitView>(
          context,
          signal,
          'visits.watch',
          () => visitView(sources, input.sessionId),
          withReceipts,
        );
      }),
      start: os.visits.start.handler(async ({ context, input }) => {
        await visits.start(input.sessionId, authorOf(actorOf(context)));
        return OK;
      }),
      pause: os.visits.pause.handler(async ({ context, input }) => {
        await visits.pause(input.sessionId, authorOf(actorOf(context)));
        return OK;
      }),
      resume: os.visits.resume.handler(async ({ context, input }) => {
        await visits.resume(input.sessionId, authorOf(actorOf(context)));
        return OK;
      }),
      end: os.visits.end.handler(async ({ context, input }) => {
        await visits.end(input.sessionId, input.reason, authorOf(actorOf(context)));
        return OK;
      }),
      cancel: os.visits.cancel.handler(async ({ context, input }) => {
        await visits.cancel(input.sessionId, input.reason, authorOf(actorOf(context)));
        return OK;
      }),
      takeOver: os.visits.takeOver.handler(async ({ context, input }) => {
        const session = await visits.takeOver(input.sessionId, authorOf(actorOf(context)));
        // The former lead would have made it.
        if (session.status === 'ANALYSING') parts.reports.make(session.id);
        return OK;
      }),
      answerRequest: os.visits.answerRequest.handler(async ({ context, input }) => {
        await visits.answerRequest(input.sessionId, authorOf(actorOf(context)));
        return OK;
      }),
      saveWeight: os.visits.saveWeight.handler(async ({ context, input }) => {
        const { sessionId, stepId } = input;
        if (await visits.holds(sessionId, stepId, input.reading)) return OK;
        parts.stationWork.calibrations.assertInUse(input.reading.deviceId);
        const reading = await parts.readings.require(input.reading);
        await visits.saveWeight(sessionId, stepId, reading, authorOf(actorOf(context)));
        return OK;
      }),
      enterByHand: os.visits.enterByHand.handler(async ({ context, input }) => {
        await visits.enterByHand(input.sessionId, input.stepId, input.value, input.again, authorOf(actorOf(context)));
        return OK;
      }),
      skip: os.visits.skip.handler(async ({ context, input }) => {
        await visits.skip(input.sessionId, input.stepId, input.reason, actorOf(context));
        return OK;
      }),
      undo: os.visits.undo.handler(async ({ context, input }) => {
        await visits.undo(input.sessionId, input.stepId, authorOf(actorOf(context)));
        return OK;
      }),
      finish: os.visits.finish.handler(async ({ context, input }) => {
        const wanted = await visits.finish(input.sessionId, authorOf(actorOf(context)));
        if (wanted) parts.reports.make(input.sessionId);
        return OK;
      }),
    },
    capture: {
      take: os.capture.take.handler(({ context, input }) => {
        const actor = actorOf(context);
        const senior = actor.roles.includes('clinician') || actor.roles.includes('admin');
        return captures.take(input.sessionId, input.stepId, authorOf(actor), senior);
      }),
      cancel: os.capture.cancel.handler(async ({ context, input }) => {
        await parts.audit(actorOf(context), 'capture.given-up', 'capture', input.captureId);
        await captures.cancel(input.captureId);
        return OK;
      }),
      keep: os.capture.keep.handler(async ({ context, input }) => {
        await visits.keep(input.captureId, input.reason, authorOf(actorOf(context)));
        return OK;
      }),
      retry: os.capture.retry.handler(async ({ context, input }) => {
        await parts.audit(actorOf(context), 'capture.tried-again', 'capture', input.captureId);
        await captures.retry(input.captureId);
        return OK;
      }),
    },
    devices: {
      watchReadings: os.devices.watchReadings.handler(async function* ({ context, input, signal }) {
        const signals = [context.signIn.signal, ...(signal === undefined ? [] : [signal])];
        const samples = await devices.watchReadings(input, { signal: AbortSignal.any(signals) });
        yield* guardStream(samples, guard, 'devices.watchReadings');
      }),
      weigh: os.devices.weigh.handler(({ input, signal }) => {
        parts.stationWork.calibrations.assertInUse(input.deviceId);
        return parts.readings.weigh(input.deviceId, signal);
      }),
      zero: os.devices.zero.handler(async ({ context, input, signal }) => {
        // A technician sets zero in the middle of a calibration; nobody else does.
        if (!actorOf(context).roles.some((role) => role === 'technician' || role === 'admin')) {
          parts.stationWork.calibrations.assertInUse(input.deviceId);
        }
        const outcome = await devices.zero(input, { signal });
        if (outcome.kind !== 'completed') throw new VantageError(outcome.code, outcome.detail);
        await parts.audit(actorOf(context), 'device.zeroed', 'device', input.deviceId);
        return outcome.value;
      }),
      reinstate: os.devices.reinstate.handler(async ({ context, input }) => {
        await parts.audit(actorOf(context), 'device.reinstated', 'device', input.deviceId);
        await parts.reinstate(input.deviceId);
        return OK;
      }),
    },
    media: {
      open: os.media.open.handler(async ({ context, input }) => {
        const to = { screenSessionId: context.screen.screen.screenSessionId, signal: context.signIn.signal };
        if (input.of === 'report') {
          const report = await store.get('reports', input.reportId);
          if (report === null) throw new VantageError('NOT_FOUND');
          await parts.audit(actorOf(context), 'report.read', 'report', report.id);
          return media.open(report.blobId, 'report.pdf', to);
        }
        const capture = await store.get('captures', input.captureId);
        const blobId = { image: capture?.blobId, thumbnail: capture?.thumbnailBlobId, overlay: capture?.overlayBlobId }[
          input.part
        ];
        if (blobId === null || blobId === undefined) throw new VantageError('NOT_FOUND');
        await parts.audit(actorOf(context), 'picture.read', 'capture', input.captureId);
        return media.open(blobId, `${input.part}.${input.part === 'overlay' ? 'png' : 'jpg'}`, to);
      }),
    },
    review: {
      queue: os.review.queue.handler(async ({ context, signal }) => {
        await parts.audit(actorOf(context), 'reviews.read', 'location', parts.station.locationId);
        return stream(context, signal, 'review.queue', async () => {
          const queue = await reviews.queue();
          await shown(
            context,
            'patient.in-review-list',
            queue.map((item) => item.patient.patientId),
          );
          return queue;
        });
      }),
      watch: os.review.watch.handler(async ({ context, input, signal }) => {
        const seenAt = parts.now().toISOString();
        await reviews.view(input.sessionId, seenAt);
        await parts.audit(actorOf(context), 'patient.read', 'session', input.sessionId);
        return stream(context, signal, 'review.watch', () => reviews.view(input.sessionId, seenAt), withReceipts);
      }),
      decide: os.review.decide.handler(async ({ context, input }) => {
        const actor = actorOf(context);
        await access.confirm(actor, input.pin);
        // Locked, or taken over by somebody else, while the PIN was being checked: then nobody signs.
        if (context.signIn.signal.aborted) throw new VantageError('NOT_SIGNED_IN');
        return reviews.decide(input, actor);
      }),
    },
    calibration: createCalibrationRouter(os.calibration, parts, (context, signal, path, compute) =>
      stream(context, signal, path, compute, [parts.stationWork.changes]),
    ),
    acceptance: createAcceptanceRouter(os.acceptance, parts, (context, signal, path, compute) =>
      stream(context, signal, path, compute, [parts.stationWork.changes]),
    ),
    maintenance: createMaintenanceRouter(os.maintenance, parts.maintenance, access, (context, signal) =>
      stream(context, signal, 'maintenance.watch', () => parts.maintenance.view(), [
        changes.maintenance,
        changes.status,
      ]),
    ),
    sync: createSyncRouter(os.sync, parts, shown, {
      view: (context, signal) =>
        stream(context, signal, 'sync.watch', () => parts.syncView(), [changes.sync, changes.documents]),
      artefacts: (context, signal, compute) =>
        stream(context, signal, 'sync.artefacts', compute, [changes.sync, changes.documents, changes.activity]),
    }),
    outbox: createOutboxRouter(os.outbox, parts, (context, signal) =>
      stream(context, signal, 'outbox.watch', () => parts.outbox.view(), [changes.outbox, changes.documents]),
    ),
    audit: {
      verify: os.audit.verify.handler(({ context, signal }) =>
        parts.trail.verify(authorOf(actorOf(context)), signal === undefined ? {} : { signal }),
      ),
    },
  });
}

/**
 * The check-in screens' router: the only one that may be reached over the clinic's network. A ticket, made when somebody is
 * found, stands for one visit on one screen; ids alone open nothing.
 */
import { createHash } from 'node:crypto';
import { implement } from '@orpc/server';
import { checkinContract, NEEDED_CONSENTS, sessionIdOf, VantageError } from '../../contract/index.ts';
import type { ClinicParts } from '../clinic-parts.ts';
import { checkinMatchOf, patientProgress } from '../visits/views.ts';
import { dayOf } from '../visits/steps.ts';
import type { ApiContext } from './guard.ts';
import { guardCall, guardStream } from './guard.ts';
import { live } from './live.ts';

const OK = { ok: true } as const;
/** Tries to find somebody per screen and minute: enough for people, too few for guessing names and birthdays. */
const TRIES_PER_MINUTE = 12;
/** The same for all check-in screens together: whoever has the address can open one screen after the other. */
const TRIES_TOGETHER_PER_MINUTE = 40;
const TOGETHER = '';

/** Makes the router that a check-in screen's port is served with. */
export type CheckinRouter = ReturnType<typeof createCheckinRouter>;

export function createCheckinRouter(parts: ClinicParts) {
  const { visits, store, sources, changes, guard, tickets } = parts;
  const tries = new Map<string, { count: number; fromMs: number }>();

  const os = implement(checkinContract)
    .$context<ApiContext>()
    .use(({ context, procedure, path, next }, input) =>
      guardCall(
        guard,
        procedure['~orpc'].meta,
        path.join('.'),
        context,
        async (call) => next({ context: call }),
        input,
      ),
    );

  function countTry(screenSessionId: string): void {
    const nowMs = parts.now().getTime();
    // A clock that was set back starts the minute anew.
    for (const [key, { fromMs }] of tries) if (Math.abs(nowMs - fromMs) > 60_000) tries.delete(key);
    for (const [key, most] of [
      [screenSessionId, TRIES_PER_MINUTE],
      [TOGETHER, TRIES_TOGETHER_PER_MINUTE],
    ] as const) {
      const entry = tries.get(key) ?? { count: 0, fromMs: nowMs };
      entry.count += 1;
      tries.set(key, entry);
      if (entry.count > most) {
        throw new VantageError('PIN_WAIT', 'too many tries', {
          waitSeconds: Math.ceil((entry.fromMs + 60_000 - nowMs) / 1000),
        });
      }
    }
  }

  async function appointmentOf(
    input: { by: 'code'; code: string } | { by: 'name'; familyName: string; birthDate: string },
  ) {
    const day = dayOf(parts.now());
    if (input.by === 'code') {
      for (const code of codeForms(input.code)) {
        const codeHash = createHash('sha256').update(code).digest('hex');
        const [hit] = await store.find('appointments', { selector: { codeHash, day, state: 'booked' } });
        if (hit !== undefined) return hit;
      }
      return null;
    }
    const wanted = fold(input.familyName);
    for (const appointment of await store.find('appointments', { selector: { day, state: 'booked' } })) {
      const patient = await store.get('patients', appointment.patientId);
      if (patient !== null && patient.birthDate === input.birthDate && fold(patient.familyName) === wanted)
        return appointment;
    }
    return null;
  }

  return os.router({
    station: {
      hello: os.station.hello.handler(({ context }) => parts.hello(context.screen)),
      watch: os.station.watch.handler(({ signal }) =>
        guardStream(
          live(() => ({ at: parts.now().toISOString() }), [changes.minute], signal === undefined ? [] : [signal]),
          guard,
          'station.watch',
        ),
      ),
    },
    telemetry: {
      finished: os.telemetry.finished.handler(({ input }) => ({
        wanted: guard.screenSpans?.finished(input.spans) ?? false,
      })),
    },
    checkin: {
      find: os.checkin.find.handler(async ({ context, input }) => {
        const { screenSessionId } = context.screen.screen;
        countTry(screenSessionId);
        const appointment = await appointmentOf(input);
        const patient = appointment === null ? null : await store.get('patients', appointment.patientId);
        if (appointment === null || patient === null) throw new VantageError('CODE_UNKNOWN');
        const session = await store.get('sessions', sessionIdOf(appointment.id));
        const ticket = tickets.issue(screenSessionId, appointment.id);
        await parts.auditPatient(patient.id, 'checkin.found', appointment.id);
        return { match: checkinMatchOf(appointment, patient, session), ticket };
      }),
      confirm: os.checkin.confirm.handler(async ({ context, input }) => {
        const appointmentId = tickets.require(context.screen, input.ticket);
        const session = await visits.checkIn(appointmentId, 'patient');
        await parts.auditPatient(session.patientId, 'checkin.confirmed', appointmentId);
        const patient = await store.get('patients', session.patientId);
        const consent = session.consentId === null ? null : await store.get('consents', session.consentId);
        const given = consent !== null && NEEDED_CONSENTS.every((line) => consent.decisions[line]);
        return { sessionId: session.id, givenName: patient?.givenName ?? '', needsConsent: !given };
      }),
      consent: os.checkin.consent.handler(async ({ context, input }) => {
        const appointmentId = tickets.require(context.screen, input.ticket);
        await visits.consent(sessionIdOf(appointmentId), { ...input, surface: 'checkin' }, 'patient');
        return OK;
      }),
      progress: os.checkin.progress.handler(async ({ context, input, signal }) => {
        const appointmentId = tickets.require(context.screen, input.ticket);
        const appointment = await store.get('appointments', appointmentId);
        if (appointment === null) throw new VantageError('NOT_FOUND');
        await parts.auditPatient(appointment.patientId, 'checkin.progress-read', appointmentId);
        const left = tickets.signalOf(input.ticket);
        return guardStream(
          live(
            () => patientProgress(sources, sessionIdOf(appointmentId)),
            [changes.documents, changes.status],
            signal === undefined ? [left] : [left, signal],
          ),
          guard,
          'checkin.progress',
        );
      }),
      ask: os.checkin.ask.handler(async ({ context, input }) => {
        const appointmentId = tickets.require(context.screen, input.ticket);
        await visits.ask(sessionIdOf(appointmentId), input.request);
        return OK;
      }),
      leave: os.checkin.leave.handler(({ context, input }) => {
        tickets.end(context.screen, input.ticket);
        return OK;
      }),
    },
  });
}

/** A code as printed, and as people type it: blanks for the hyphen, another dash, or none between letters and digits. */
function codeForms(typed: string): readonly string[] {
  const code = typed
    .trim()
    .toUpperCase()
    .replaceAll(/[\s_\u2010-\u2015-]+/gu, '-');
  const split = code.replace(/^([A-Z]+)(\d+)$/u, '$1-$2');
  return split === code ? [code] : [code, split];
}

/** Names as people type them: without case, accents and spaces. */
function fold(name: string): string {
  return name.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll(/\s+/gu, '').toLocaleLowerCase('en');
}

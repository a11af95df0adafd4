/** The router of the cloud's own pages: each procedure of `cloudContract`, thin over what reads and writes within the person's scope. */
import { implement } from '@orpc/server';
import type { Hello, Role } from '../../../electron/contract/index.ts';
import { CONTRACT_VERSION, cloudContract, roleSchema } from '../../../electron/contract/index.ts';
import { recordAccess } from './access-entries.ts';
import { endSession } from './browser-sessions.ts';
import { decide } from './decide.ts';
import { fleetView } from './fleet.ts';
import type { PageCall, PageContext } from './guard.ts';
import { guardPage, guardStream } from './guard.ts';
import { live } from './live.ts';
import { openMedia } from './media.ts';
import { agreeToNotices, noticeSettings, withdrawFromNotices } from './notices.ts';
import { reviewOf, reviewQueue } from './reviews.ts';
import { LOOK_AGAIN_MS, workflowList } from './workflow-list.ts';
import { openPublishedReport, ownVisits, recordFollowed } from './timeline.ts';

/** A page that nobody touches signs its person out after this. */
const IDLE_SECONDS = 15 * 60;

const os = implement(cloudContract)
  .$context<PageContext>()
  .use(({ context, procedure, next }) =>
    guardPage(context, procedure['~orpc'].meta, async (call) => next({ context: call })),
  );

export const pageRouter = os.router({
  station: {
    hello: os.station.hello.handler(({ context }) => helloOf(context)),
  },
  access: {
    lock: os.access.lock.handler(async ({ context }) => {
      const { browser } = context.person;
      if (browser !== undefined) await endSession(context.parts, browser.secretSha256);
      return { ok: true as const };
    }),
  },
  review: {
    queue: os.review.queue.handler(({ context, signal }) => {
      /** Each patient leaves an entry when first shown, not at every redraw. */
      const shown = new Set<string>();
      return stream(context, signal, async () =>
        context.transaction(async (tx) => {
          const queue = await reviewQueue(tx, context.parts.now());
          const fresh = new Map(
            queue.flatMap(({ item, locationId }) =>
              shown.has(item.patient.patientId) ? [] : [[item.patient.patientId, locationId] as const],
            ),
          );
          await recordAccess(
            tx,
            context.person,
            [...fresh].map(([patientId, locationId]) => ({
              locationId,
              action: 'patient.in-review-list',
              subjectKind: 'patient',
              subjectId: patientId,
              patientId,
            })),
          );
          for (const patientId of fresh.keys()) shown.add(patientId);
          return queue.map(({ item }) => item);
        }),
      );
    }),
    watch: os.review.watch.handler(async ({ context, input, signal }) => {
      const seenAt = context.parts.now().toISOString();
      await context.transaction(async (tx) => {
        const { session } = await reviewOf(tx, input.sessionId, context.parts.now(), seenAt);
        await recordAccess(tx, context.person, [
          {
            locationId: session.locationId,
            action: 'patient.read',
            subjectKind: 'session',
            subjectId: session.id,
            patientId: session.patientId,
          },
        ]);
      });
      return stream(context, signal, async () =>
        context.transaction(async (tx) => (await reviewOf(tx, input.sessionId, context.parts.now(), seenAt)).view),
      );
    }),
    decide: os.review.decide.handler(async ({ context, input }) =>
      context.transaction(async (tx) => decide(tx, context.person, input, context.parts.now())),
    ),
  },
  media: {
    open: os.media.open.handler(async ({ context, input }) =>
      context.transaction(async (tx) => openMedia(tx, context.person, input, context.parts.now())),
    ),
  },
  fleet: {
    watch: os.fleet.watch.handler(({ context, signal }) =>
      stream(
        context,
        signal,
        async () => context.transaction(async (tx) => fleetView(tx, context.parts.now())),
        context.parts.heartbeatMs,
      ),
    ),
  },
  workflows: {
    watch: os.workflows.watch.handler(({ context, input, signal }) =>
      stream(context, signal, async () => workflowList(context, input.tab), LOOK_AGAIN_MS),
    ),
  },
  notices: {
    settings: os.notices.settings.handler(async ({ context }) => noticeSettings(context)),
    agree: os.notices.agree.handler(async ({ context, input }) => agreeToNotices(context, input)),
    withdraw: os.notices.withdraw.handler(async ({ context, input }) => withdrawFromNotices(context, input.wayId)),
  },
  timeline: {
    watch: os.timeline.watch.handler(({ context, signal }) => {
      const shown = new Set<string>();
      return stream(context, signal, async () => {
        const { sessions, timeline } = await context.transaction(async (tx) => {
          const own = await ownVisits(tx, context.person);
          await recordFollowed(tx, context.person, own.sessions, shown);
          return own;
        });
        for (const { id } of sessions) shown.add(id);
        return timeline;
      });
    }),
    openReport: os.timeline.openReport.handler(async ({ context, input }) =>
      context.transaction(async (tx) => openPublishedReport(tx, context.person, input.visitId, context.parts.now())),
    ),
  },
});

function stream<T>(
  context: PageCall,
  signal: AbortSignal | undefined,
  compute: () => Promise<T>,
  everyMs: number | null = null,
): AsyncGenerator<T, void, void> {
  const { parts, person, stillMay } = context;
  const until = signal ?? new AbortController().signal;
  return guardStream(live(parts, person, until, stillMay, compute, everyMs), context);
}

/** Who is signed in, and at which clinic. A cloud is no station: it has no devices, and no name of a place. */
async function helloOf({ parts, person, transaction }: PageCall): Promise<Hello> {
  const { clinic, grants } = await transaction(async (tx) => ({
    clinic: await tx.selectFrom('tenants').select('name').executeTakeFirst(),
    grants: await tx.selectFrom('people_roles').select('role').where('person_id', '=', person.personId).execute(),
  }));
  const roles = [...new Set(grants.map(({ role }) => roleSchema.parse(role)))].filter(
    (role): role is Exclude<Role, 'patient'> => role !== 'patient',
  );
  const name = person.browser?.name ?? '';
  return {
    buildId: String(parts.migration),
    contractVersion: CONTRACT_VERSION,
    surface: 'staff',
    mode: 'clinic',
    clinicName: clinic?.name ?? '',
    locationName: '',
    stationName: '',
    idleLockSeconds: IDLE_SECONDS,
    demonstrationPin: null,
    signedIn: { staffId: person.personId, name, initials: initialsOf(name), roles },
  };
}

/** The first letters of the first and the last word. */
function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const letters = [words[0], ...(words.length > 1 ? [words.at(-1)] : [])].map(
    (word) => /^./u.exec(word ?? '')?.[0] ?? '',
  );
  return letters.join('').toLocaleUpperCase('en');
}

/** Who is signed in, against those who would like to be: over real ports, real store, real hashes. */
import { MessageChannel } from 'node:worker_threads';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { DEMONSTRATION_PIN } from '../../contract/index.ts';
import type { ScreenPort } from '../clinic-api.ts';
import type { StaffClient } from '../../../test/fixtures/client.ts';
import { problemCodeOf, until } from '../../../test/fixtures/client.ts';
import type { TestClinic } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import { connectOver, connectToPort } from '../../../test/fixtures/transports.ts';
import { beginVisit, visitOf } from '../../../test/fixtures/visit.ts';
import { waitAfter } from './access.ts';

let station: TestClinic;

beforeAll(async () => {
  station = await openTestClinic();
});

afterAll(async () => {
  await station.close();
});

async function codeOf(call: Promise<unknown>): Promise<string | null> {
  return call.then(
    () => 'done',
    (error: unknown) => problemCodeOf(error),
  );
}

async function staffIdOf(client: StaffClient, initials: string): Promise<string> {
  return (await client.access.people()).find((person) => person.initials === initials)?.staffId ?? '';
}

/** A report that waits for a clinician, of a visit in which nothing was taken. */
async function reportOf(number: string): Promise<{ readonly sessionId: string; readonly reportId: string }> {
  const staff = await station.signedIn('IM', `for-${number}`);
  const sessionId = await beginVisit(staff, number);
  await staff.visits.end({ sessionId, reason: 'the patient has to leave' });
  await staff.visits.finish({ sessionId });
  const { report } = await visitOf(staff, sessionId, (visit) => visit.status === 'REVIEW');
  return { sessionId, reportId: report?.reportId ?? '' };
}

it('counts PINs that are tried at the same instant one after the other', async () => {
  // In-process, so that all of them stand at the same point: frames that come in one piece do too.
  const context = await station.clinic.contextOf({ surface: 'staff', screenSessionId: 'guessing' });
  const { client } = await connectOver('in-process', station.clinic.routers.staff, context);
  const staffId = await staffIdOf(client, 'AT');
  const guesses = [...Array.from({ length: 20 }, (_, index) => String(1000 + index)), DEMONSTRATION_PIN];
  const answers = await Promise.all(guesses.map(async (pin) => codeOf(client.access.unlock({ staffId, pin }))));
  expect(answers.filter((answer) => answer === 'PIN_WRONG')).toHaveLength(2);
  expect(answers.filter((answer) => answer === 'PIN_WAIT')).toHaveLength(19);
});

it('waits longer with each wrong PIN, up to five minutes', () => {
  expect([0, 1, 2, 3, 4, 9, 40].map(waitAfter)).toEqual([0, 0, 0, 5, 10, 300, 300]);
});

it('gives a visit to nobody behind a lock, at whatever turn of the call the lock comes', async () => {
  const screen = { surface: 'staff', screenSessionId: 'locks-at-once' } as const;
  const other = await station.signedIn('IM', 'changes-the-visit');
  const sessionId = await beginVisit(other, 'HR-03611');
  for (let turns = 0; turns < 12; turns += 1) {
    await station.signedIn('IM', screen.screenSessionId);
    const context = await station.clinic.contextOf(screen);
    const { client } = await connectOver('in-process', station.clinic.routers.staff, context);
    const watched = client.visits.watch({ sessionId });
    for (let turn = 0; turn < turns * 3; turn += 1) await Promise.resolve();
    await client.access.lock();
    const stream = await watched.catch((error: unknown) => problemCodeOf(error));
    if (stream === 'NOT_SIGNED_IN') continue;
    if (typeof stream !== 'object' || stream === null) throw new Error(`not a stream: ${stream}`);
    expect(await codeOf(stream.next()), `after ${turns * 3} turns`).toBe('NOT_SIGNED_IN');
  }
});

it('finds a page signed in that comes back at once, and nobody where one was closed long ago', async () => {
  const screen = { surface: 'staff', screenSessionId: 'closed-without-locking' } as const;
  const page = async () => connectToPort<StaffClient>('message-port', (port) => station.clinic.attach(port, screen));
  const signedInAfter = async (minutes: number): Promise<string | undefined> => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 });
    const { client, close } = await page();
    const { signedIn } = await client.station.hello();
    await close();
    return signedIn?.initials;
  };
  const first = await page();
  await first.client.access.unlock({ staffId: await staffIdOf(first.client, 'IM'), pin: DEMONSTRATION_PIN });
  await first.close();
  try {
    expect(await signedInAfter(5)).toBe('IM');
    expect(await signedInAfter(11)).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});

it('ends the paths to pictures with the sign-in under which they were given', async () => {
  const screenSessionId = 'changes-hands';
  const staff = await station.signedIn('LN', screenSessionId);
  const { reportId } = await reportOf('HR-04127');
  const { path } = await staff.media.open({ of: 'report', reportId });
  expect(station.clinic.openMedia(path, screenSessionId)).not.toBeNull();
  await station.signedIn('TP', screenSessionId);
  expect(station.clinic.openMedia(path, screenSessionId)).toBeNull();
});

it('signs a decision as nobody when somebody else unlocks the screen meanwhile', async () => {
  const screen = { surface: 'staff', screenSessionId: 'two-hands' } as const;
  const staff = await station.signedIn('LN', screen.screenSessionId);
  const item = await reportOf('HR-04301');
  const view = await until(await staff.review.watch({ sessionId: item.sessionId }), () => true);
  const { client } = await connectOver(
    'in-process',
    station.clinic.routers.staff,
    await station.clinic.contextOf(screen),
  );
  const decision = codeOf(
    client.review.decide({
      reportId: item.reportId,
      reportSha256: view.report.sha256,
      decision: 'approved',
      reason: null,
      notes: null,
      pin: DEMONSTRATION_PIN,
    }),
  );
  const unlocked = codeOf(client.access.unlock({ staffId: await staffIdOf(staff, 'IM'), pin: DEMONSTRATION_PIN }));
  const answer = await decision;
  expect(await unlocked).toBe('done');
  const again = await station.signedIn('LN', 'looks-after');
  const after = await until(await again.review.watch({ sessionId: item.sessionId }), () => true);
  // Whichever came first: never in the name of the one who unlocked.
  expect(after.report.review?.byName ?? null).toBe(answer === 'done' ? 'Dr Leila Nemuneh' : null);
});

it('lets nobody guess names by opening one check-in screen after the other', async () => {
  let looked = 0;
  for (let screen = 0; screen < 6; screen += 1) {
    const { checkin } = station.checkin(`guesses-${screen}`);
    for (let guess = 0; guess < 12; guess += 1) {
      const answer = await codeOf(checkin.find({ by: 'name', familyName: `Name ${guess}`, birthDate: '1990-01-01' }));
      expect(['CODE_UNKNOWN', 'PIN_WAIT']).toContain(answer);
      if (answer === 'CODE_UNKNOWN') looked += 1;
    }
  }
  expect(looked).toBe(40);
});

it('cuts off a screen that sends nonsense, and goes on with the others', async () => {
  const other = await station.signedIn('IM', 'calm');
  for (const nonsense of ['', '{', '{"i":"1","p":{"u":"http://["}}', new Uint8Array([255, 0])]) {
    const { port1, port2 } = new MessageChannel();
    const closed = new Promise<void>((resolve) => port2.once('close', resolve));
    station.clinic.attach(port1 as unknown as ScreenPort, { surface: 'checkin', screenSessionId: 'nonsense' });
    port2.postMessage(nonsense);
    await closed;
  }
  expect((await other.access.people()).length).toBeGreaterThan(0);
});

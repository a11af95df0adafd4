import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CloudReview, IntentInput } from '../../contract/index.ts';
import { newId, workflowIdOf } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import { AUTHOR, patientDraft } from '../store/testing/documents.ts';
import { sessionDraft } from '../vault/testing/stored-clinic.ts';
import type { ManualClock } from '../sync/testing/manual-clock.ts';
import type { Outbox } from './outbox.ts';
import { outboxProblems, outboxView } from './outbox-view.ts';
import type { DeliveryResult } from './sender.ts';
import { sessionIntent } from './session-request.ts';
import { subjectOf, visitIntent } from './testing/intents.ts';
import type { OutboxRig } from './testing/outbox-rig.ts';
import { BY, openOutboxRig } from './testing/outbox-rig.ts';
import { ScriptedSender } from './testing/scripted-sender.ts';

const STARTED: DeliveryResult = { kind: 'delivered', answer: 'started' };
const ACCEPTED: DeliveryResult = { kind: 'delivered', answer: 'accepted' };
const AWAY: DeliveryResult = { kind: 'away', code: 'UNAVAILABLE', timedOut: false };
const LATE: DeliveryResult = { kind: 'away', code: 'DEADLINE_EXCEEDED', timedOut: true };

let rig: OutboxRig;
let store: Store;
let clock: ManualClock;
let sender: ScriptedSender;
let outbox: Outbox;

beforeEach(async () => {
  rig = await openOutboxRig();
  ({ store, clock, sender } = rig);
  outbox = rig.outbox();
});
afterEach(async () => {
  await outbox.close();
  await rig.close();
});

async function write(...intents: readonly IntentInput[]): Promise<void> {
  await store.transaction((tx) => {
    for (const intent of intents) tx.intent(intent);
  });
}

/** Of visits by number: the requests from the first to the n-th. */
async function visits(counts: Readonly<Record<string, number>>): Promise<void> {
  const intents = Object.entries(counts).flatMap(([seed, count]) =>
    Array.from({ length: count }, (_, index) => visitIntent(seed, index + 1)),
  );
  await write(...intents);
}

const start = (seed: string): string => `${workflowIdOf('session', subjectOf(seed))} start`;
const captured = (seed: string): string => `${workflowIdOf('session', subjectOf(seed))} captured`;

async function states(): Promise<string[]> {
  const { rows } = await view();
  return rows.map(({ kind, state, problem }) => [kind, state, problem?.code ?? ''].join(' ').trim());
}

async function view() {
  return outboxView({ store, outbox, address: 'workflows.example:7233' }, new Date(clock.now()).toISOString());
}

/** Answers the oldest request, and lets what follows from it happen. */
async function answer(result: DeliveryResult): Promise<void> {
  const [oldest] = sender.open;
  if (oldest === undefined) throw new Error('nothing was sent');
  oldest.answer(result);
  await clock.advance(0);
}

describe('the order of requests', () => {
  it('is kept within a visit: the next goes when the one before it is delivered', async () => {
    await visits({ a: 3 });
    outbox.start();
    await clock.advance(0);
    expect(sender.sent).toEqual([start('a')]);
    await answer(STARTED);
    expect(sender.sent).toEqual([start('a'), captured('a')]);
    await answer(AWAY);
    await clock.advance(1000);
    await answer(ACCEPTED);
    await answer(ACCEPTED);
    expect(sender.sent).toEqual([start('a'), captured('a'), captured('a'), captured('a')]);
    expect((await view()).counts.waiting).toBe(0);
  });

  it('lets several visits go side by side, and not more than four', async () => {
    await visits({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 });
    outbox.start();
    await clock.advance(0);
    // Whether anybody answers is not known: one is enough to find out.
    expect(sender.open).toHaveLength(1);
    await answer(STARTED);
    expect(sender.open).toHaveLength(4);
    await answer(STARTED);
    expect(sender.sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map(start));
  });

  it('sends what is written while it runs, at once', async () => {
    outbox.start();
    await clock.advance(0);
    await store.write('patients', patientDraft(1), {
      intents: [visitIntent('a', 1)],
    });
    await clock.advance(0);
    expect(sender.sent).toEqual([start('a')]);
  });
});

describe('a line that is away', () => {
  it('is tried ever less often, one request at a time, and nothing is counted against the requests', async () => {
    await visits({ a: 1, b: 1, c: 1 });
    sender.answer = () => AWAY;
    outbox.start();
    await clock.advance(0);
    const counted: number[] = [];
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await clock.advance(seconds * 1000);
      counted.push(sender.sent.length);
    }
    expect(counted).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    const { line, rows } = await view();
    expect(line).toMatchObject({ state: 'away', problem: { code: 'WORKFLOWS_UNREACHABLE', detail: 'UNAVAILABLE' } });
    expect(line.nextAt).toBe(new Date(clock.now() + 60_000).toISOString());
    expect(rows.map(({ state, attempts }) => [state, attempts])).toEqual([
      ['waiting', 0],
      ['waiting', 0],
      ['waiting', 0],
    ]);
    // Being offline is no problem of anybody's.
    expect(outboxProblems({ store, outbox })).toEqual([]);
    sender.answer = () => STARTED;
    await clock.advance(60_000);
    expect((await view()).counts.waiting).toBe(0);
  });

  it('gets a new connection after two deadlines in a row, and with each one after them', async () => {
    await visits({ a: 1 });
    sender.answer = () => LATE;
    outbox.start();
    await clock.advance(0);
    expect(sender.renewed).toBe(0);
    await clock.advance(1000);
    expect(sender.renewed).toBe(1);
    await clock.advance(2000);
    expect(sender.renewed).toBe(2);
    sender.answer = () => STARTED;
    await clock.advance(4000);
    expect((await view()).counts.waiting).toBe(0);
  });

  it('is tried at once, over a new connection, when a person wants to know', async () => {
    await visits({ a: 1 });
    sender.answer = () => AWAY;
    outbox.start();
    await clock.advance(20_000);
    const before = sender.sent.length;
    sender.answer = () => STARTED;
    outbox.tryNow();
    await clock.advance(0);
    expect([sender.sent.length - before, sender.renewed, (await view()).counts.waiting]).toEqual([1, 1, 0]);
  });

  it('holds everything while the station is not accepted, says so, and asks again minutes later', async () => {
    await visits({ a: 1, b: 1 });
    sender.answer = () => ({ kind: 'denied', code: 'PERMISSION_DENIED' });
    outbox.start();
    await clock.advance(240_000);
    expect(sender.sent).toEqual([start('a')]);
    expect(await states()).toEqual(['session-start held', 'session-start held']);
    expect(outboxProblems({ store, outbox })).toMatchObject([
      { code: 'WORKFLOWS_REFUSED', detail: 'PERMISSION_DENIED' },
    ]);
    sender.answer = () => STARTED;
    await clock.advance(60_000);
    expect((await view()).counts.waiting).toBe(0);
    expect(outboxProblems({ store, outbox })).toEqual([]);
  });
});

describe('a cloud whose workers are away', () => {
  it('still takes starts; messages are tried one at a time, and are told of', async () => {
    await visits({ a: 2, b: 2, c: 2 });
    sender.answer = (request) => (request.message === null ? STARTED : { kind: 'unattended' });
    outbox.start();
    await clock.advance(0);
    await visits({ d: 1 });
    await clock.advance(60_000);
    expect(sender.sent).toContain(start('d'));
    expect(await states()).toContain('session-captured held WORKFLOWS_UNATTENDED');
    expect(outboxProblems({ store, outbox })).toMatchObject([{ code: 'WORKFLOWS_UNATTENDED' }]);
    sender.answer = () => ACCEPTED;
    await clock.advance(120_000);
    expect((await view()).counts.waiting).toBe(0);
    expect(outboxProblems({ store, outbox })).toEqual([]);
  });

  it('does not stand in the way of other visits where only one workflow is stuck', async () => {
    await visits({ a: 2, b: 2, c: 2 });
    const stuck = workflowIdOf('session', subjectOf('a'));
    sender.answer = ({ message, workflow }) =>
      message === null ? STARTED : workflow.id === stuck ? { kind: 'unattended' } : ACCEPTED;
    outbox.start();
    await clock.advance(0);
    expect((await states())[0]).toBe('session-captured held WORKFLOWS_UNATTENDED');
    expect((await view()).counts.waiting).toBe(1);
    expect(outboxProblems({ store, outbox })).toEqual([]);
  });
});

describe('what a person decides', () => {
  it('comes back where a workflow did nothing of it; those after it go on', async () => {
    await visits({ a: 3 });
    outbox.start();
    await clock.advance(0);
    await answer(STARTED);
    await answer({ kind: 'refused', reason: 'REPORT_CHANGED' });
    await answer(ACCEPTED);
    const [returned] = (await view()).rows;
    expect(returned).toMatchObject({ ordinal: 2, state: 'returned', problem: { detail: 'REPORT_CHANGED' } });
    expect(outboxProblems({ store, outbox })).toMatchObject([{ code: 'REQUEST_REFUSED' }]);
    await outbox.discard(returned?.id ?? '', BY);
    expect((await view()).rows.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
    expect(outboxProblems({ store, outbox })).toEqual([]);
    expect(store.audit.read().at(-1)).toMatchObject({
      ...BY,
      action: 'intent.discarded',
      subjectId: subjectOf('a'),
      detail: { intentId: returned?.id, kind: 'session-captured', was: 'returned' },
    });
    await expect(outbox.discard(returned?.id ?? '', BY)).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
  });

  it('is still seen after it was given up: what, when, why and by whom, the last one first', async () => {
    await visits({ a: 1, b: 1 });
    sender.answer = () => ({ kind: 'invalid', code: 'INVALID_ARGUMENT' });
    outbox.start();
    await clock.advance(0);
    const { tenantId, locationId } = patientDraft(1);
    const person = await store.write('staff', {
      tenantId,
      locationId,
      id: newId(),
      authorId: AUTHOR,
      name: 'Aroha Tauira',
      initials: 'AT',
      roles: ['operator'],
      pinHash: '',
      active: true,
    });
    const [first, second] = (await view()).rows;
    expect((await view()).discarded).toEqual({ count: 0, rows: [] });
    const firstAt = new Date(clock.now()).toISOString();
    await outbox.discard(first?.id ?? '', { ...BY, actorId: person.id });
    await clock.advance(1000);
    await outbox.discard(second?.id ?? '', BY);
    const { rows, discarded } = await view();
    expect(rows).toEqual([]);
    expect(discarded).toMatchObject({
      count: 2,
      rows: [
        { id: second?.id, discardedBy: null },
        {
          id: first?.id,
          kind: 'session-start',
          subjectId: first?.subjectId,
          discardedAt: firstAt,
          discardedBy: 'Aroha Tauira',
          problem: { code: 'REQUEST_INVALID', detail: 'INVALID_ARGUMENT' },
        },
      ],
    });
  });

  it('is told to the whole location where it was a decision about a report', async () => {
    const { review } = await heldReview('refused');
    expect(await states()).toEqual(['session-review returned REQUEST_REFUSED']);
    expect(await store.find('alerts')).toMatchObject([
      { kind: 'review-refused', severity: 'warn', subjectId: review.subjectId, authorId: AUTHOR, resolvedAt: null },
    ]);
  });

  it('stops a visit whose request can not be sent, until it is sent again or given up', async () => {
    await visits({ a: 2, b: 1 });
    sender.answer = ({ workflow }) =>
      workflow.id === workflowIdOf('session', subjectOf('b')) ? STARTED : { kind: 'invalid', code: 'INVALID_ARGUMENT' };
    outbox.start();
    await clock.advance(120_000);
    expect(sender.sent).toEqual([start('a'), start('b')]);
    expect(await states()).toEqual([
      'session-start dead REQUEST_INVALID',
      'session-captured waiting',
      'session-start delivered',
    ]);
    const [dead] = (await view()).rows;
    await outbox.retry(dead?.id ?? '', BY);
    await clock.advance(0);
    expect(sender.sent).toEqual([start('a'), start('b'), start('a')]);
    sender.answer = () => ACCEPTED;
    await outbox.discard(dead?.id ?? '', BY);
    await clock.advance(0);
    expect(sender.sent.at(-1)).toBe(captured('a'));
    expect(store.audit.read().map(({ action }) => action)).toEqual(['intent.retried', 'intent.discarded']);
  });

  it('is nothing about a request that waits: what was not refused can not be given up', async () => {
    await visits({ a: 1 });
    const [row] = (await view()).rows;
    await expect(outbox.discard(row?.id ?? '', BY)).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
    expect(store.audit.read()).toEqual([]);
  });

  it('is asked for where an intent has not the shape that the workflows take; it never goes out', async () => {
    await write({ ...visitIntent('a', 1), payload: { something: 'else' } });
    outbox.start();
    await clock.advance(0);
    expect([sender.sent, await states()]).toEqual([[], ['session-start dead REQUEST_INVALID']]);
  });
});

async function heldReview(answered: 'held' | 'refused' = 'held') {
  const session = await store.write('sessions', sessionDraft('held'));
  const [reportSha256, at] = ['a'.repeat(64), '2026-11-21T12:00:00.000Z'];
  const message = {
    decision: 'approved',
    reportSha256,
    reviewerId: AUTHOR,
    role: 'clinician',
    at,
    reason: null,
  } as const;
  const review = sessionIntent('session-review', newId(), session, 'test', message);
  sender.answer = () =>
    answered === 'held' ? { kind: 'delivered', answer: 'held' } : { kind: 'refused', reason: 'REPORT_CHANGED' };
  outbox.start();
  await write(review);
  outbox.tryNow();
  await clock.advance(0);
  const decided = async (outcome: 'accepted' | 'refused', of = reportSha256): Promise<void> => {
    const reason = outcome === 'refused' ? ('REPORT_CHANGED' as const) : null;
    const gate: CloudReview = { outcome, reason, reportSha256: of, at };
    await store.update('sessions', session.id, (current) => ({ ...current, cloud: { review: gate } }));
    await clock.advance(0);
  };
  return { review, decided };
}

describe('a review that a workflow held until the report was there', () => {
  it('is delivered, and comes back when the gate refuses it after all', async () => {
    const { review, decided } = await heldReview();
    expect(await states()).toEqual(['session-review delivered']);
    await decided('refused', 'b'.repeat(64));
    expect(await states()).toEqual(['session-review delivered']);
    await decided('refused');
    expect((await view()).rows).toMatchObject([
      { id: review.id, state: 'returned', problem: { code: 'REQUEST_REFUSED', detail: 'REPORT_CHANGED' } },
    ]);
  });

  it('stays delivered when the gate takes it', async () => {
    const { decided } = await heldReview();
    await decided('accepted');
    await decided('refused');
    expect(await states()).toEqual(['session-review delivered']);
  });
});

describe('a request that fails by itself', () => {
  it('is put off with its visit, ever longer; others go on', async () => {
    await visits({ a: 2, b: 1 });
    const failing = workflowIdOf('session', subjectOf('a'));
    sender.answer = ({ workflow }) => (workflow.id === failing ? { kind: 'failed', code: 'INTERNAL' } : STARTED);
    await visits({ c: 1 });
    outbox.start();
    await clock.advance(60_000);
    const { rows, counts } = await view();
    expect(counts.waiting).toBe(2);
    expect(rows[0]).toMatchObject({ state: 'waiting', problem: { code: 'REQUEST_FAILED', detail: 'INTERNAL' } });
    expect(rows[0]?.attempts).toBeGreaterThan(3);
    expect(sender.sent).not.toContain(captured('a'));
    sender.answer = () => ACCEPTED;
    await clock.advance(90_000);
    expect((await view()).counts.waiting).toBe(0);
  });
});

describe('a station that stops', () => {
  it('delivers again what was under way, by the same id', async () => {
    await visits({ a: 2 });
    outbox.start();
    await clock.advance(0);
    await answer(STARTED);
    const before = sender.open[0]?.messageId;
    await outbox.close();
    expect((await view()).rows.map(({ state, problem }) => [state, problem])).toEqual([
      ['waiting', null],
      ['delivered', null],
    ]);
    sender = new ScriptedSender();
    outbox = rig.outbox(sender);
    outbox.start();
    await clock.advance(0);
    expect(sender.open.map(({ messageId }) => messageId)).toEqual([before]);
  });

  it('sends nothing without workflows, and keeps what there is', async () => {
    outbox = rig.outbox(null);
    await visits({ a: 1 });
    outbox.start();
    outbox.tryNow();
    await clock.advance(60_000);
    expect((await view()).line).toMatchObject({ state: 'not-configured', since: null, problem: null });
    expect(await states()).toEqual(['session-start waiting']);
  });
});

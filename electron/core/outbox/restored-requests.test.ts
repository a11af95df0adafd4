import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workflowIdOf } from '../../contract/index.ts';
import { RESTORED_KEY } from '../backup/restore.ts';
import type { Store } from '../store/index.ts';
import { writeStationValue } from '../store/station-values.ts';
import { NOON } from '../store/testing/documents.ts';
import type { ManualClock } from '../sync/testing/manual-clock.ts';
import { sessionDraft } from '../vault/testing/stored-clinic.ts';
import type { Outbox } from './outbox.ts';
import { entriesForPeople, lastDelivered } from './outbox-rows.ts';
import { sessionIntent } from './session-request.ts';
import type { OutboxRig } from './testing/outbox-rig.ts';
import { BY, openOutboxRig } from './testing/outbox-rig.ts';
import type { ScriptedSender } from './testing/scripted-sender.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const AT = '2026-11-21T12:00:00.000Z';

let rig: OutboxRig;
let store: Store;
let clock: ManualClock;
let sender: ScriptedSender;
let outbox: Outbox;

beforeEach(async () => {
  rig = await openOutboxRig(NOON);
  ({ store, clock, sender } = rig);
  sender.answer = ({ message }) => ({ kind: 'delivered', answer: message === null ? 'started' : 'accepted' });
  outbox = rig.outbox();
});
afterEach(async () => {
  await outbox.close();
  await rig.close();
});

/** A visit with its first two requests, as they were when the backup was made. @returns its workflow's id */
async function visit(): Promise<{ readonly sessionId: string; readonly workflowId: string }> {
  const session = await store.write('sessions', sessionDraft('old'));
  await store.transaction((tx) => {
    tx.intent(sessionIntent('session-start', '5b5a1c1e-1111-4111-8111-111111111111', session, 'test', null));
    tx.intent(sessionIntent('session-captured', '5b5a1c1e-2222-4222-8222-222222222222', session, 'test', { at: AT }));
  });
  return { sessionId: session.id, workflowId: workflowIdOf('session', session.id) };
}

function putBack(): void {
  const backupMadeAt = new Date(NOON + 1000).toISOString();
  writeStationValue(store.sqlite, RESTORED_KEY, JSON.stringify({ at: backupMadeAt, backupMadeAt }));
}

const problems = () => entriesForPeople(store.sqlite, 10).map(({ kind, problem }) => [kind, problem?.code]);

describe('requests that were put back with a backup', () => {
  it('wait for a person once the cloud may have forgotten their workflow, and go when the person says so', async () => {
    const { workflowId } = await visit();
    putBack();
    await clock.advance(2 * DAY_MS);
    outbox.start();
    await clock.advance(1000);
    expect(sender.sent).toEqual([]);
    expect(problems()).toEqual([['session-start', 'REQUEST_OLD']]);
    await outbox.retry('5b5a1c1e-1111-4111-8111-111111111111', BY);
    await clock.advance(1000);
    expect(sender.sent).toEqual([`${workflowId} start`, `${workflowId} captured`]);
    expect(problems()).toEqual([]);
  });

  it('are asked about one after the other where the first is given up', async () => {
    await visit();
    putBack();
    await clock.advance(2 * DAY_MS);
    outbox.start();
    await clock.advance(1000);
    await outbox.discard('5b5a1c1e-1111-4111-8111-111111111111', BY);
    await clock.advance(1000);
    expect(sender.sent).toEqual([]);
    expect(problems()).toEqual([['session-captured', 'REQUEST_OLD']]);
  });

  it('count as delivered where the visit’s document proves it, as soon as it does', async () => {
    const { sessionId } = await visit();
    putBack();
    await clock.advance(2 * DAY_MS);
    outbox.start();
    await clock.advance(1000);
    await store.update('sessions', sessionId, (session) => ({ ...session, cloud: { fusionStartedAt: AT } }));
    await clock.advance(1000);
    expect(sender.sent).toEqual([]);
    expect(lastDelivered(store.sqlite, 10).map(({ kind, answer }) => [kind, answer])).toEqual(
      expect.arrayContaining([
        ['session-start', 'started'],
        ['session-captured', 'accepted'],
      ]),
    );
    expect(problems()).toEqual([]);
  });

  it('go as ever, however old they are, where no backup was put back', async () => {
    const { workflowId } = await visit();
    await clock.advance(5 * DAY_MS);
    outbox.start();
    await clock.advance(1000);
    expect(sender.sent).toEqual([`${workflowId} start`, `${workflowId} captured`]);
  });

  it('go as ever when they were written after it was made', async () => {
    const backupMadeAt = new Date(NOON - 1000).toISOString();
    writeStationValue(store.sqlite, RESTORED_KEY, JSON.stringify({ at: AT, backupMadeAt }));
    const { workflowId } = await visit();
    await clock.advance(5 * DAY_MS);
    outbox.start();
    await clock.advance(1000);
    expect(sender.sent).toEqual([`${workflowId} start`, `${workflowId} captured`]);
  });
});

/** The router over a real outbox and store; whether a PIN is right is said by the test. */
import { call } from '@orpc/server';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Role } from '../../contract/index.ts';
import { VantageError, newId } from '../../contract/index.ts';
import type { StationOutbox } from '../outbox/index.ts';
import { openOutbox } from '../outbox/index.ts';
import { visitIntent } from '../outbox/testing/intents.ts';
import { stationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';
import { STATION, openTestStore, temporaryFolder } from '../store/testing/documents.ts';
import type { ApiContext } from './guard.ts';
import { createOutboxRouter } from './outbox-router.ts';
import { staffImplementer } from './staff-implementer.ts';

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const RIGHT_PIN = '2468';

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let outbox: StationOutbox;
beforeEach(async () => {
  folder = temporaryFolder();
  store = await openTestStore(folder.path);
  const station = stationIdentity(store, 'clinic', STATION);
  outbox = openOutbox({ store, station, mode: 'clinic', settings: null, log: QUIET, changed: () => undefined });
});
afterEach(async () => {
  await outbox.close();
  await store.close();
  folder.remove();
});

function never(): never {
  throw new Error('not asked here');
}

function router() {
  const os = staffImplementer({
    now: () => new Date(),
    log: QUIET,
    refused: () => undefined,
    seen: () => undefined,
  });
  return createOutboxRouter(
    os.outbox,
    {
      outbox,
      station: { stationId: STATION },
      audit: async () => undefined,
      access: {
        confirm: async (_actor, pin) => {
          if (pin !== RIGHT_PIN) throw new VantageError('PIN_WRONG');
        },
      },
    },
    never,
  );
}

function by(role: Role): { readonly context: ApiContext } {
  const actor = { staffId: newId(), name: 'Dana Primjer', initials: 'DP', roles: [role] };
  const screen = { surface: 'staff', screenSessionId: 'screen' } as const;
  return { context: { screen: { screen, actor, abort: new AbortController(), lines: 1, leftAtMs: null } } };
}

function code(name: string): object {
  return { data: { code: name } };
}

it('what came back is decided by those who may, with their PIN, once, and leaves an entry with their name', async () => {
  const intent = visitIntent('a', 1);
  await store.transaction((tx) => {
    tx.intent(intent);
    tx.sqlite.prepare(`UPDATE intents SET state = 'dead', problem_code = 'REQUEST_INVALID'`).run();
  });
  const { discard, retry } = router();
  const operator = by('operator');
  const signed = { id: intent.id, pin: RIGHT_PIN };
  await expect(call(discard, signed, by('technician'))).rejects.toMatchObject(code('NOT_ALLOWED'));
  await expect(call(discard, { ...signed, pin: '0000' }, operator)).rejects.toMatchObject(code('PIN_WRONG'));
  expect((await outbox.view()).counts.dead).toBe(1);
  await call(retry, signed, operator);
  await expect(call(discard, signed, operator)).rejects.toMatchObject(code('STATUS_CONFLICT'));
  expect((await outbox.view()).counts).toEqual({ waiting: 1, returned: 0, dead: 0 });
  expect(store.audit.read().map(({ action, actorId, role }) => [action, actorId, role])).toEqual([
    ['intent.retried', operator.context.screen.actor?.staffId, 'operator'],
  ]);
});

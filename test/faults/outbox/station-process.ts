/**
 * A station that writes intents and delivers them at the same time, until it is killed or everything is delivered. Arguments: folder,
 * address, intents, subjects, and `unsafe` for one whose messages have another id at each try. Says `wrote N` and `delivered N` (how many there are by now) and `done`. A message from the parent stands
 * for the network having changed.
 */
import { writeSync } from 'node:fs';
import { newId } from '../../../electron/contract/index.ts';
import type { Sender } from '../../../electron/core/outbox/sender.ts';
import { TENANT, openTestStore } from '../../../electron/core/store/testing/documents.ts';
import { Outbox } from '../../../electron/core/outbox/outbox.ts';
import { TemporalSender } from '../../../electron/core/outbox/temporal-sender.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import { PAYLOAD_KEY, intentOf } from './sequence.ts';

const [, , directory = '', address = '', intents = '0', subjects = '1', safety = ''] = process.argv;
const total = Number(intents);
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

const store = await openTestStore(directory);
const count = (where: string): number =>
  store.sqlite.prepare<[], number>(`SELECT count(*) FROM intents WHERE ${where}`).pluck().get() ?? 0;

let told = -1;
let finish: () => void = () => undefined;
const finished = new Promise<void>((resolve) => (finish = resolve));
function tell(): void {
  const delivered = count(`state <> 'waiting'`);
  if (delivered !== told) writeSync(1, `delivered ${delivered}\n`);
  told = delivered;
  if (delivered === total) finish();
}

/** Nobody there opens what it seals. */
const KEYS = `${PAYLOAD_KEY.id}:${Buffer.from(PAYLOAD_KEY.key).toString('base64')}`;
const sender = new TemporalSender({
  settings: { address, namespace: 'default', credentials: () => ({ tls: null, apiKey: null, payloadKeys: KEYS }) },
  clock: systemClock,
  identity: 'proof',
  tenantId: () => TENANT,
  deadlines: { startMs: 5000, messageMs: 15_000 },
});
/** What the ids of messages are for: without them a try whose answer was lost takes effect twice. */
const forgetful: Sender = {
  deliver: async ({ workflow, message }, signal) =>
    sender.deliver({ workflow, message: message === null ? null : { ...message, id: newId() } }, signal),
  renew: () => sender.renew(),
  close: async () => sender.close(),
};
const used = safety === 'unsafe' ? forgetful : sender;
const outbox = new Outbox({ store, sender: used, clock: systemClock, random: () => 0, log: QUIET, changed: tell });
process.on('message', () => outbox.tryNow());
outbox.start();

for (let number = count('1'); number < total; number += 1) {
  await store.transaction((tx) => tx.intent(intentOf(number, Number(subjects))));
  writeSync(1, `wrote ${number + 1}\n`);
  // Nothing but documents wakes an outbox; the clinic always writes one beside.
  if (number % 5 === 0) outbox.tryNow();
}
outbox.tryNow();
tell();
await finished;
await outbox.close();
await store.close();
writeSync(1, 'done\n');
process.exit(0);

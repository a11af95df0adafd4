/**
 * A station as a process of its own: the real store on the disk, the real client over sockets, the real replication, and people who
 * write. Killed at any instant and started again, it goes on from its file.
 */
import { canonical, derivedId } from '../../../electron/contract/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { createCloudClient } from '../../../electron/core/sync/cloud-client.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import { startReplication } from '../../../electron/core/sync/replication/index.ts';
import { stationKeyOf } from '../../../electron/core/sync/station-key.ts';
import { Random } from '../../fixtures/random.ts';
import { contentHash } from '../content.ts';
import { Journal } from '../journal.ts';
import { keptDocuments } from '../kept-documents.ts';
import { STORE_KEY } from '../store-key.ts';
import { Writer } from '../writer.ts';
import type { FromStation, StationOptions, ToStation } from './messages.ts';

/** Marks of different stations never meet. */
const MARKS_PER_STATION = 10_000_000;
/** ms between two transactions. */
const PAUSE_MS = [5, 400] as const;

const options = JSON.parse(process.argv[2] ?? '') as StationOptions;
const { directory, seed, index, stationId, clinic, keyPem, cloudAddress } = options;
let offsetMs = 0;
const now = (): number => Date.now() + offsetMs;

const store = await openStore({ directory, key: STORE_KEY, now, stationId });
const journal = new Journal(store.sqlite);
let marks = journal.last();
const clock = { ...systemClock, now };
const key = stationKeyOf(keyPem);
const client = createCloudClient({
  address: cloudAddress,
  stationId,
  keys: { current: () => key, next: () => null, promote: () => undefined },
  clock,
});
const random = new Random(seed * 7919 + index * 104_729 + marks);
const replication = startReplication({
  store,
  cloud: client,
  scope: clinic,
  clock,
  random: () => random.next(),
});
const writer = new Writer({
  seed,
  place: { ...clinic, authorId: derivedId('sync-proof', 'author') },
  random,
  mark: () => index * MARKS_PER_STATION + (marks += 1),
});
const resting = new AbortController();

process.on('message', (message: ToStation) => {
  if (message.kind === 'rest') {
    resting.abort();
    replication.tryNow();
  } else if (message.kind === 'clock') offsetMs = message.offsetMs;
  else {
    const unpushed = replication.unpushed();
    const hash = contentHash(keptDocuments(store.sqlite));
    say({ kind: 'report', unpushed, contentHash: hash, state: canonical(replication.perCollection()) });
  }
});
process.once('disconnect', () => process.exit());
say({ kind: 'up' });
await work();

async function work(): Promise<void> {
  while (!resting.signal.aborted) {
    const before = marks;
    await store.transaction((tx) => {
      marks = before;
      writer.write(tx, (written) => journal.add({ ...written, number: marks, at: Date.now() }));
    });
    say({ kind: 'acknowledged', number: marks });
    await systemClock.sleep(random.between(...PAUSE_MS));
  }
}

function say(message: FromStation): void {
  process.send?.(message);
}

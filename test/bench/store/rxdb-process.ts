/** One storage under RxDB's own performance test, one run whenever it is asked. Argument: the peer's name. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPerformanceTests } from 'rxdb/plugins/test-utils';
import { PEERS } from './rxdb-peers.ts';
import { collectGarbage, serve } from './worker.ts';

const peer = PEERS.find((candidate) => candidate.name === process.argv[2]);
if (peer === undefined) throw new Error('no such peer');
// The trial storage warns at each write near its limits; printing it would be measured, too.
console.warn = () => undefined;
const directory = mkdtempSync(join(tmpdir(), 'vantage-bench-rxdb-'));
const storage = peer.storage(directory);

serve(
  {
    /** @returns ms by the names that RxDB gives to what it measures. */
    run: async ({ docsAmount, waitBetweenTests }: { docsAmount: number; waitBetweenTests: number }) => {
      collectGarbage();
      const result = await runPerformanceTests(storage, peer.name, {
        runs: 1,
        docsAmount,
        waitBetweenTests,
        log: false,
        ...(peer.password === undefined ? {} : { password: peer.password }),
      });
      const { description: _name, collectionsAmount: _collections, docsAmount: _documents, ...times } = result;
      return times;
    },
  },
  () => rmSync(directory, { recursive: true, force: true }),
);

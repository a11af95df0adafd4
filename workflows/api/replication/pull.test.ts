/** What a page says while the cloud lets go of deletions. */
import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PullResponse } from '../../../electron/contract/index.ts';
import { pullResponseSchema } from '../../../electron/contract/index.ts';
import { purgeBefore } from '../../database/purge.ts';
import { withScope } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';
import { scopeOf } from '../access/callers.ts';
import { alertDocument, pull as pullByHttp, push, rowOf } from '../testing/documents.ts';
import type { TestStation } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import { pull } from './pull.ts';

let cloud: TestApi;
let writer: TestStation;
let reader: TestStation;
beforeAll(async () => {
  cloud = await startTestApi();
  writer = await cloud.station(NORTH_HARBOUR);
  reader = await cloud.station(NORTH_HARBOUR);
});
afterAll(async () => cloud.close());

/** In a transaction of its own, committed when it returns. @returns how many deletions are gone */
async function purge(): Promise<number> {
  const { tenantId } = NORTH_HARBOUR;
  const scope = { role: 'service', tenantId, locations: '*', actor: 'service' } as const;
  const later = new Date(Date.now() + 60_000);
  return withScope(cloud.api.parts.database, scope, async (tx) => (await purgeBefore(tx, tenantId, later)).tombstones);
}

interface Pulled {
  readonly page: PullResponse;
  /** That the pull made. */
  readonly statements: number;
}

/** @param after how many statements of the pull `meanwhile` is done, to its end */
async function pullWith(
  checkpoint: PullResponse['checkpoint'],
  after: number,
  meanwhile: () => Promise<unknown>,
): Promise<Pulled> {
  const { tenantId, locationId } = NORTH_HARBOUR;
  const { stationId } = reader;
  const caller: StationCaller = { kind: 'station', tenantId, locationId, stationId, keyId: 'key', expiresAt: Infinity };
  let statements = 0;
  const counting: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      statements += 1;
      if (statements === after) await meanwhile();
      return result;
    },
  };
  if (after === 0) await meanwhile();
  const { answer } = await withScope(cloud.api.parts.database, scopeOf(caller), async (tx) =>
    pull(tx.withPlugin(counting), caller, 'alerts', { checkpoint, limit: 100 }),
  );
  return { page: pullResponseSchema.parse(JSON.parse(answer.text)), statements };
}

it('tells of a deletion, or that deletions are gone, wherever in a pull a purge commits', async () => {
  const told: string[] = [];
  for (let after = 0, between = true; between; after += 1) {
    const document = alertDocument(NORTH_HARBOUR);
    await push(writer, 'alerts', [rowOf(document)]);
    const { checkpoint } = await pullByHttp(reader, 'alerts');
    await push(writer, 'alerts', [rowOf(document, { document, deleted: false, version: null }, true)]);
    let purged = 0;
    const { page, statements } = await pullWith(checkpoint, after, async () => {
      purged = await purge();
    });
    expect(purged).toBe(1);
    const deletion = page.rows.some((row) => row.document['id'] === document['id'] && row.deleted);
    told.push(page.resync ?? (deletion ? 'the deletion' : 'nothing'));
    // Who has been told may go on from there.
    expect((await pullByHttp(reader, 'alerts', page.checkpoint)).resync).toBeNull();
    between = after < statements;
  }
  console.log(`a purge before, in the midst of and after the statements of a pull: ${told.join(', ')}`);
  expect(told.length).toBeGreaterThan(1);
  expect(told).toEqual(['TOMBSTONES_PURGED', ...told.slice(1).map(() => 'the deletion')]);
});

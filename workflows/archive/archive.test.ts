/** Histories into the archive and out of it again, on a real server. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import type { NamedKey } from '../codec/keys.ts';
import { derivedKeys } from '../codec/keys.ts';
import { keptHistories } from '../testing/histories.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { replayed } from '../testing/replay.ts';
import { Rig, TEST_KEY } from '../testing/rig.ts';
import { archiveEnded } from './archive-ended.ts';
import { folderArchiveStore } from './archive-store.ts';
import { archiveOf } from './config.ts';
import type { NewHistory } from './history-archive.ts';
import { HistoryArchive } from './history-archive.ts';

const [KEY, LATER] = ['one', 'two'].map((id): NamedKey => ({
  id,
  key: createHash('sha256').update(`archive ${id}`).digest(),
})) as [NamedKey, NamedKey];
const PAYLOADS = new EncryptionCodec(derivedKeys([TEST_KEY]), null);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-archive-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function archiveWith(keys: readonly NamedKey[] = [KEY], payloads: EncryptionCodec | null = PAYLOADS): HistoryArchive {
  return new HistoryArchive(folderArchiveStore(folder), keys, payloads);
}

/** One that is kept for replaying, as if it had just ended. */
function someHistory(closedAt = '2026-11-20T10:00:00.000Z'): { readonly about: NewHistory; readonly json: string } {
  const [kept] = keptHistories();
  if (kept === undefined) throw new Error('no history');
  const { events } = kept.history as { readonly events: readonly unknown[] };
  return {
    about: {
      namespace: 'default',
      workflowId: kept.workflowId,
      runId: newId(),
      type: 'sessionWorkflow',
      status: 'COMPLETED',
      closedAt,
      archivedAt: '2026-11-21T01:30:00.000Z',
      events: events.length,
    },
    json: JSON.stringify(kept.history),
  };
}

async function verdicts(archive: HistoryArchive): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { verdict } of archive.verified()) found.push(verdict);
  return found;
}

/** An hour from now: what has ended just now is old enough to be listed. */
function later(): Date {
  return new Date(Date.now() + 3_600_000);
}

function files(): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('an archived history', () => {
  it('comes back as it was, under whichever of the keys', async () => {
    const { about, json } = someHistory();
    expect(await archiveWith().add(about, json)).toBe('whole');
    const rotated = archiveWith([LATER, KEY]);
    expect(await rotated.read(about)).toMatchObject({ head: { ...about, keyId: 'one' }, json });
    const next = someHistory();
    await rotated.add(next.about, next.json);
    expect((await rotated.read(next.about))?.head.keyId).toBe('two');
    expect(await archiveWith().read({ ...about, runId: newId() })).toBeNull();
    expect(await verdicts(rotated)).toEqual(['whole', 'whole']);
  });

  it('tells nothing to whoever has the storage, but ids and times', async () => {
    const { about, json } = someHistory();
    await archiveWith().add(about, json);
    const [file] = files();
    const bytes = readFileSync(file ?? '').toString('latin1');
    expect(bytes).toContain(about.workflowId);
    expect(bytes).not.toContain('EVENT_TYPE');
    expect(bytes).not.toContain('markCheckedIn');
  });

  it('that was changed, cut, swapped for another, or has lost its key is found', async () => {
    const [first, second] = [someHistory(), someHistory()];
    const archive = archiveWith();
    for (const { about, json } of [first, second]) await archive.add(about, json);
    const [one = '', two = ''] = files();
    const whole = readFileSync(one);
    const put = (bytes: Uint8Array): void => {
      chmodSync(one, 0o600);
      writeFileSync(one, bytes);
    };
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 20] = (flipped.at(-20) ?? 0) ^ 1;
    const dated = Buffer.from(whole.toString('latin1').replace('2026-11-21T01:30', '2027-11-21T01:30'), 'latin1');
    for (const bytes of [
      flipped,
      dated,
      whole.subarray(0, 400),
      whole.subarray(0, 5),
      Buffer.alloc(0),
      readFileSync(two),
    ]) {
      put(bytes);
      expect((await verdicts(archive)).toSorted()).toEqual(['damaged', 'whole']);
    }
    put(whole);
    expect(await verdicts(archive)).toEqual(['whole', 'whole']);
    expect(await verdicts(archiveWith([LATER]))).toEqual(['damaged', 'damaged']);
    // Payloads of a clinic whose key is gone: the history itself is well.
    const others = new EncryptionCodec(derivedKeys([{ id: 'other', key: KEY.key }]), null);
    expect(await verdicts(archiveWith([KEY], others))).toEqual(['unopened', 'unopened']);
  });

  it('is removed after seven years, by whole days, and by no clock that runs ahead', async () => {
    const archive = archiveWith();
    for (const day of ['2026-01-01', '2026-01-02', '2032-12-30']) {
      const { about, json } = someHistory(`${day}T12:00:00.000Z`);
      await archive.add(about, json);
    }
    expect(await archive.removeExpired(new Date('2033-01-01T23:00:00Z'))).toEqual([]);
    expect(await archive.removeExpired(new Date('2033-01-02T01:00:00Z'))).toEqual(['2026-01-01']);
    expect(await verdicts(archive)).toHaveLength(2);
    expect(await archive.removeExpired(new Date('2099-01-01T00:00:00Z'))).toEqual(['2026-01-02']);
    expect(await archive.removeExpired(new Date('2099-01-01T00:00:00Z'))).toEqual([]);
    expect(await verdicts(archive)).toEqual(['whole']);
  });

  it('needs keys of its own where an archive is configured', () => {
    expect(archiveOf({}, null)).toBeNull();
    const environment = { HISTORY_ARCHIVE_FOLDER: folder };
    expect(() => archiveOf({ ...environment, HISTORY_ARCHIVE_KEYS: 'a:b' }, null)).toThrow('HISTORY_ARCHIVE_KEYS');
    const text = `one:${Buffer.from(KEY.key).toString('base64')}`;
    expect(archiveOf({ ...environment, HISTORY_ARCHIVE_KEYS: text }, null)).toBeInstanceOf(HistoryArchive);
  });
});

describe('what has ended', () => {
  let rig: Rig;
  beforeAll(async () => {
    const server = inject('temporal');
    if (server === null) return;
    rig = await Rig.start(server);
  });
  afterAll(async () => rig?.close());

  it('is archived once, going on after it was stopped, and replays from the archive', async (context) => {
    needsTemporal(context);
    const lane = await rig.lane();
    const visits = [lane.visit(), lane.visit(), lane.visit()];
    for (const visit of visits) {
      await visit.start();
      await visit.tell('cancelled', { at: '2026-11-21T09:20:00.000Z' });
      await visit.handle.result();
    }
    const { client } = rig;
    const ended = async (): Promise<number> => {
      const ids = new Set(visits.map(({ workflowId }) => workflowId));
      let found = 0;
      for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus = 'Completed'" })) {
        if (ids.has(workflowId)) found += 1;
      }
      return found;
    };
    await expect.poll(ended, { timeout: 30_000 }).toBe(3);

    const archive = archiveWith();
    const stopped = new AbortController();
    const first = archiveEnded({
      client,
      archive,
      now: later(),
      signal: stopped.signal,
      onProgress: ({ archived }) => {
        if (archived === 1) stopped.abort(new Error('killed'));
      },
    });
    await expect(first).rejects.toThrow('killed');
    expect(files().filter((file) => !file.endsWith('cursor.json'))).toHaveLength(1);

    const second = await archiveEnded({ client, archive, now: later() });
    expect(second.there).toBe(1);
    expect(second.archived).toBeGreaterThanOrEqual(2);
    const third = await archiveEnded({ client, archive, now: later() });
    expect([third.archived, await archive.cursor('default')]).toEqual([0, new Date(third.until)]);

    const [visit] = visits;
    if (visit === undefined) throw new Error('no visit');
    const { runId } = await visit.handle.describe();
    const read = await archive.read({ workflowId: visit.workflowId, runId });
    expect(read?.head).toMatchObject({ type: 'sessionWorkflow', status: 'COMPLETED' });
    const now: unknown = JSON.parse(historyToJSON(await visit.handle.fetchHistory()));
    expect(JSON.parse(read?.json ?? '')).toEqual(now);
    const history: unknown = JSON.parse(read?.json ?? '');
    expect(await replayed([{ history, workflowId: visit.workflowId }])).toEqual([null]);
  });
});

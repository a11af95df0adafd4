/** Shows that the simulation can fail: each of these breaks one rule, and must be found out. */
import type {
  MasterRow,
  PullRequest,
  PullResponse,
  PushRequest,
  PushResponse,
  PushVerdict,
} from '../../../electron/contract/index.ts';
import { SYNC_LIMITS } from '../../../electron/contract/index.ts';
import type { Random } from '../../fixtures/random.ts';
import type { Handle, WireAnswer, WireRequest } from './network.ts';

/** `silent-purge` is the scenario's own. */
export const CONTROLS = ['lying-cloud', 'passed-over', 'last-writer-wins', 'wall-clock', 'silent-purge'] as const;
export type Control = (typeof CONTROLS)[number];

const BROKEN_SHARE = 0.1;

/** The cloud with one rule broken; as it is with `null`. */
export function controlled(control: Control | null, handle: Handle, random: Random): Handle {
  const broken: Readonly<Record<Control, Handle>> = {
    'lying-cloud': async (request) =>
      isPush(request) && random.next() < BROKEN_SHARE ? agreed(request) : handle(request),
    'passed-over': async (request) => passedOver(request, await handle(request), random),
    'last-writer-wins': async (request) => overwritten(request, handle),
    'wall-clock': async (request) => byWallClock(request, handle),
    'silent-purge': handle,
  };
  return control === null ? handle : broken[control];
}

/** Says that everything was taken, and takes nothing. */
function agreed(request: WireRequest): WireAnswer {
  const rows = (JSON.parse(request.body ?? '') as PushRequest).rows as readonly { readonly document: { id: string } }[];
  const verdicts = rows.map(({ document: { id } }): PushVerdict => ({ verdict: 'accepted', id, version: 1 }));
  return json({ verdicts, resync: null } satisfies PushResponse);
}

/** The last row of a page is left out now and then, and the checkpoint goes on: as if it had been committed out of order. */
function passedOver(request: WireRequest, answer: WireAnswer | null, random: Random): WireAnswer | null {
  if (answer?.status !== 200 || !request.path.endsWith('/pull')) return answer;
  const page = JSON.parse(answer.body) as PullResponse;
  if (page.rows.length === 0 || random.next() >= BROKEN_SHARE) return answer;
  return json({ ...page, rows: page.rows.slice(0, -1) });
}

/** What would be a conflict is written over what is there. */
async function overwritten(request: WireRequest, handle: Handle): Promise<WireAnswer | null> {
  const answer = await handle(request);
  if (answer?.status !== 200 || !isPush(request)) return answer;
  const { verdicts, resync } = JSON.parse(answer.body) as PushResponse;
  const asked = JSON.parse(request.body ?? '') as PushRequest;
  const rows = verdicts.flatMap((verdict, index) =>
    verdict.verdict === 'conflict' ? [{ ...(asked.rows[index] as object), assumed: verdict.master }] : [],
  );
  if (rows.length === 0) return answer;
  await handle({ ...request, body: JSON.stringify({ ...asked, mutationId: crypto.randomUUID(), rows }) });
  const told = verdicts.map((verdict): PushVerdict =>
    verdict.verdict === 'conflict'
      ? { verdict: 'accepted', id: verdict.id, version: verdict.master.version + 1 }
      : verdict,
  );
  return json({ verdicts: told, resync });
}

/**
 * The order of documents is when they were last written, by the clock of whoever wrote them, and a checkpoint is the last of those
 * instants: as servers do it that have a column for it. What was written before somebody's checkpoint and comes later is never read.
 */
async function byWallClock(request: WireRequest, handle: Handle): Promise<WireAnswer | null> {
  if (isPush(request)) {
    const asked = JSON.parse(request.body ?? '') as PushRequest;
    return handle({ ...request, body: JSON.stringify({ ...asked, checkpoint: null } satisfies PushRequest) });
  }
  if (!request.path.endsWith('/pull')) return handle(request);
  const { checkpoint, limit, ...asked } = JSON.parse(request.body ?? '') as PullRequest;
  const all = { ...asked, checkpoint: null, limit: SYNC_LIMITS.rows, bytes: undefined, own: 'whole' };
  const answer = await handle({ ...request, body: JSON.stringify(all) });
  if (answer?.status !== 200) return answer;
  const page = JSON.parse(answer.body) as PullResponse;
  const rows = page.rows
    .filter((row) => writtenAt(row) > (checkpoint?.seq ?? 0))
    .toSorted((left, right) => writtenAt(left) - writtenAt(right))
    .slice(0, limit);
  const seq = rows.reduce((latest, row) => Math.max(latest, writtenAt(row)), checkpoint?.seq ?? 0);
  return json({ rows, own: [], more: false, resync: null, checkpoint: { ...page.checkpoint, seq } });
}

function writtenAt({ document }: MasterRow): number {
  return Date.parse(String(document['updatedAt']));
}

function isPush(request: WireRequest): boolean {
  return request.path.endsWith('/push');
}

function json(body: unknown): WireAnswer {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}

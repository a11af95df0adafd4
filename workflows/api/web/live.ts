/** Views as streams: at once, then after each change at the person's locations that makes a difference. */
import { equalJson } from '../../../electron/contract/index.ts';
import { withScope } from '../../database/scope.ts';
import type { PersonCaller } from '../access/callers.ts';
import { scopeOf } from '../access/callers.ts';
import type { ApiParts } from '../parts.ts';

/** Changes that come closer together than this give one new view. */
const SETTLE_MS = 50;

/**
 * Ends when the reader goes away, and with an error when the person may not any more.
 *
 * @param stillMay throws when the person may not
 */
export async function* live<T>(
  parts: ApiParts,
  caller: PersonCaller,
  signal: AbortSignal,
  stillMay: () => Promise<unknown>,
  compute: () => Promise<T>,
  /** Also looked at again without a change, so often: it shows times, or what nobody tells of. */
  everyMs: number | null = null,
): AsyncGenerator<T, void, void> {
  let wake = nothing;
  const state: { dirty: boolean; refused: unknown } = { dirty: true, refused: null };
  const mark = (): void => {
    state.dirty = true;
    wake();
  };
  const stops = (await locationsOf(parts, caller)).map((locationId) =>
    parts.pokes.subscribe(caller.tenantId, locationId, mark),
  );
  const heartbeat = setInterval(() => {
    stillMay().catch((error: unknown) => {
      state.refused = error;
      wake();
    });
  }, parts.heartbeatMs);
  const again = everyMs === null ? null : setInterval(mark, everyMs);
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  let last: T | undefined;
  try {
    for (;;) {
      if (signal.aborted) return;
      if (state.refused !== null) throw state.refused;
      if (!state.dirty) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      state.dirty = false;
      await stillMay();
      const next = await compute();
      if (last === undefined || !equalJson(last, next)) {
        last = next;
        yield next;
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    }
  } finally {
    clearInterval(heartbeat);
    if (again !== null) clearInterval(again);
    for (const stop of stops) stop();
    signal.removeEventListener('abort', onAbort);
  }
}

function nothing(): void {
  // Nobody waits yet.
}

async function locationsOf(parts: ApiParts, caller: PersonCaller): Promise<readonly string[]> {
  if (caller.locations !== '*') return caller.locations;
  const rows = await withScope(parts.database, scopeOf(caller), async (tx) =>
    tx.selectFrom('locations').select('id').execute(),
  );
  return rows.map(({ id }) => id);
}

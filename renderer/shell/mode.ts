/** Light or dim. By hand with `D`; dark imaging steps ask for it while they are on screen. Fades, never flashes. */
import { useEffect, useSyncExternalStore } from 'react';

export type Mode = 'light' | 'dim';

let byHand: Mode | null = null;
let asked = 0;
const listeners = new Set<() => void>();

function current(): Mode {
  return byHand ?? (asked > 0 ? 'dim' : 'light');
}

/** What the page shows, or will show at the end of the transition under way. */
let applied: Mode = 'light';

function apply(): void {
  const mode = current();
  if (applied === mode) return;
  applied = mode;
  const set = (): void => {
    // A transition runs its callback later: by then another change may have come.
    document.documentElement.dataset['mode'] = applied;
    for (const listener of listeners) listener();
  };
  if (document.visibilityState === 'visible' && typeof document.startViewTransition === 'function') {
    const transition = document.startViewTransition(set);
    // A newer change takes over; the mode itself is set either way.
    transition.ready.catch(() => undefined);
    transition.finished.catch(() => undefined);
  } else {
    set();
  }
}

/** Sets a mode by hand until it is set again; what steps ask for then waits. */
export function setMode(mode: Mode): void {
  byHand = mode;
  apply();
}

export function toggleMode(): void {
  setMode(current() === 'dim' ? 'light' : 'dim');
}

export function useMode(): Mode {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}

/** Dims while the calling component is drawn and `active`. A mode set by hand before is taken back at the next such step. */
export function useDimRoom(active: boolean): void {
  useEffect(() => {
    if (!active) return undefined;
    asked += 1;
    byHand = null;
    apply();
    return () => {
      asked -= 1;
      byHand = null;
      apply();
    };
  }, [active]);
}

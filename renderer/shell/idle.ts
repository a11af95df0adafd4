/** Locks a screen that nobody touches: counts down the last half minute in sight. */
import { useEffect, useRef, useState } from 'react';

const WARNING_SECONDS = 30;
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/**
 * Seconds left before the lock once fewer than 30 remain, else null. `onIdle` runs once at the end.
 * `seconds` 0 or less = never.
 */
export function useIdleLock(seconds: number, onIdle: () => void): number | null {
  const [left, setLeft] = useState<number | null>(null);
  const latest = useRef(onIdle);
  useEffect(() => {
    latest.current = onIdle;
  });
  useEffect(() => {
    if (seconds <= 0) return undefined;
    let touched = Date.now();
    const touch = (): void => {
      touched = Date.now();
    };
    for (const sign of SIGNS) window.addEventListener(sign, touch, { passive: true, capture: true });
    let done = false;
    const timer = setInterval(() => {
      const remaining = Math.ceil(seconds - (Date.now() - touched) / 1000);
      setLeft(remaining <= Math.min(WARNING_SECONDS, seconds - 1) ? Math.max(0, remaining) : null);
      if (remaining <= 0 && !done) {
        done = true;
        latest.current();
      }
    }, 500);
    return () => {
      clearInterval(timer);
      for (const sign of SIGNS) window.removeEventListener(sign, touch, { capture: true });
      // A locked screen counts no more.
      setLeft(null);
    };
  }, [seconds]);
  return left;
}

/** Seconds since the screen was last touched, typed at or read a code. */
import { useCallback, useEffect, useRef, useState } from 'react';

const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** The seconds, and a function that counts as a touch. `place`: a new place on the screen counts as a touch too. */
export function useIdleSeconds(place: string): readonly [seconds: number, touch: () => void] {
  const [idle, setIdle] = useState({ place, seconds: 0 });
  const touched = useRef(0);
  const touch = useCallback(() => {
    touched.current = Date.now();
    setIdle((before) => (before.seconds === 0 ? before : { ...before, seconds: 0 }));
  }, []);
  useEffect(() => {
    touched.current = Date.now();
    for (const sign of SIGNS) window.addEventListener(sign, touch, { passive: true, capture: true });
    const timer = setInterval(
      () => setIdle({ place, seconds: Math.floor((Date.now() - touched.current) / 1000) }),
      500,
    );
    return () => {
      clearInterval(timer);
      for (const sign of SIGNS) window.removeEventListener(sign, touch, { capture: true });
    };
  }, [touch, place]);
  return [idle.place === place ? idle.seconds : 0, touch];
}

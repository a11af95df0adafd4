/** Notices that a screen was locked, or its session ended, from elsewhere. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

/** When any answer says NOT_SIGNED_IN, nobody is signed in at this screen any more (another start of core, a longer pause). */
export function useSignedOutElsewhere(refresh: () => void): void {
  const queries = useQueryClient();
  const seen = useRef(0);
  useEffect(
    () =>
      queries.getQueryCache().subscribe((event) => {
        const error: unknown = event.query.state.error ?? problemIn(event.query.state.data);
        if (!isNotSignedIn(error) || Date.now() - seen.current < 1000) return;
        seen.current = Date.now();
        refresh();
      }),
    [queries, refresh],
  );
}

function problemIn(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'problem' in data ? data.problem : null;
}

function isNotSignedIn(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'NOT_SIGNED_IN';
}

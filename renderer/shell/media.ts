/** Pictures and reports: a path that the station gives for a few minutes, asked for again before it ends. */
import { useQuery } from '@tanstack/react-query';
import type { Problem } from '../../electron/contract/problems.ts';
import { problemOf } from './problem-of.ts';
import { useClient, useConnection } from './staff.ts';

export type MediaRequest =
  | { readonly of: 'capture'; readonly captureId: string; readonly part: 'image' | 'thumbnail' | 'overlay' }
  | { readonly of: 'report'; readonly reportId: string };

export interface Media {
  /** For `<img src>` or `<iframe src>`; null until opened, or when nothing was asked for. */
  readonly path: string | null;
  readonly problem: Problem | null;
}

/** Opens one medium while the caller is drawn. The path changes by itself when it runs out or the line was lost. */
export function useMedia(request: MediaRequest | null): Media {
  const client = useClient();
  const connection = useConnection();
  const generation = connection.phase === 'open' ? connection.generation : 0;
  const query = useQuery<{ path: string; expiresAt: string }, Problem>({
    queryKey: ['media', request, generation],
    enabled: request !== null && connection.phase === 'open',
    queryFn: async () => {
      try {
        return await client.media.open(request!);
      } catch (error) {
        throw problemOf(error);
      }
    },
    staleTime: Infinity,
    refetchInterval: ({ state }) =>
      state.data === undefined
        ? false
        : Math.max(15_000, new Date(state.data.expiresAt).getTime() - Date.now() - 30_000),
    placeholderData: (before, beforeQuery) =>
      JSON.stringify(beforeQuery?.queryKey[1]) === JSON.stringify(request) ? before : undefined,
  });
  return { path: request === null ? null : (query.data?.path ?? null), problem: query.error };
}

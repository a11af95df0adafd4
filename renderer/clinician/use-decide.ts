/** The one decision about a report, by the hash of what was read. */
import { useCallback } from 'react';
import type { Review } from '../../electron/contract/documents.ts';
import type { Problem } from '../../electron/contract/problems.ts';
import type { ReviewView } from '../../electron/contract/views.ts';
import { useCommand } from '../shell/staff.ts';

export interface Decision {
  readonly decision: Review['decision'];
  readonly reason: Review['reason'];
  readonly notes: string | null;
  /** null in the cloud, where a person signs by having just signed in. */
  readonly pin: string | null;
}

export interface Decide {
  readonly run: (decision: Decision) => Promise<void>;
  readonly busy: boolean;
  readonly problem: Problem | null;
}

/** `onDecided` when the decision stands, and also when somebody else's stood first: the page then shows which. */
export function useDecide(view: ReviewView, onDecided: () => void): Decide {
  const { run, busy, problem } = useCommand((client) => client.review.decide);
  const { reportId, sha256 } = view.report;
  const decide = useCallback(
    async (decision: Decision): Promise<void> => {
      if ((await run({ reportId, reportSha256: sha256, ...decision })) !== null) onDecided();
    },
    [run, reportId, sha256, onDecided],
  );
  return { run: decide, busy, problem };
}

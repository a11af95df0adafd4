/** What keeps a finished visit from going on by itself (its report can't be made), with the one thing that can be done here. */
import type { ReactNode } from 'react';
import type { VisitView } from '../../electron/contract/views.ts';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';

export function VisitProblems({ visit }: { visit: VisitView }): ReactNode {
  // Asking again to finish makes the report anew, and is harmless where it is being made already.
  const again = useCommand((client) => client.visits.finish);
  if (visit.problems.length === 0) return null;
  return (
    <div className="border-b border-line bg-surface px-7">
      {visit.problems.map((problem) => (
        <InlineProblem
          key={`${problem.code}${problem.at}`}
          problem={again.problem ?? problem}
          busy={again.busy || visit.reportInProgress}
          onAction={() => void again.run({ sessionId: visit.sessionId })}
        />
      ))}
    </div>
  );
}

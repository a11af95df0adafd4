/** What keeps a visit from going on here (another station leads it, its report can't be made), with the one thing that can be done. */
import type { ReactNode } from 'react';
import type { VisitView } from '../../electron/contract/views.ts';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';

export function VisitProblems({ visit }: { visit: VisitView }): ReactNode {
  // Asking again to finish makes the report anew, and is harmless where it is being made already.
  const again = useCommand((client) => client.visits.finish);
  const takeOver = useCommand((client) => client.visits.takeOver);
  if (visit.problems.length === 0) return null;
  return (
    <div className="border-b border-line bg-surface px-7">
      {visit.problems.map((problem) => {
        const elsewhere = problem.code === 'LED_ELSEWHERE';
        const command = elsewhere ? takeOver : again;
        return (
          <InlineProblem
            key={`${problem.code}${problem.at}`}
            problem={command.problem ?? problem}
            busy={command.busy || (!elsewhere && visit.reportInProgress)}
            onAction={() => void command.run({ sessionId: visit.sessionId })}
          />
        );
      })}
    </div>
  );
}

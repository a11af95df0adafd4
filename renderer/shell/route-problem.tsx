/** A view that failed to draw: its pane says so, the station line and everything else go on. */
import type { ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { PaneProblem } from '../kit/problem.tsx';
import { problemOf } from './problem-of.ts';

export function RouteProblem({ error, reset }: ErrorComponentProps): ReactNode {
  return (
    <div className="row-span-2 bg-surface">
      <PaneProblem problem={problemOf(error)} onAction={reset} />
    </div>
  );
}

/** What marks the demonstration and simulated devices: a bar, a tag, a corner. None of them can be closed. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { Simulation } from './simulation.ts';
import { simulationWords } from './simulation.ts';

export function SimulatedBar(simulation: Simulation): ReactNode {
  const { i18n } = useLingui();
  const words = simulationWords(i18n, simulation);
  if (words === null) return <span />;
  return (
    <div className="simulated-bar" role="note">
      <span>{words.bar}</span>
    </div>
  );
}

export function SimulatedTag({ className = '', word }: { className?: string; word?: string }): ReactNode {
  const { i18n } = useLingui();
  return <span className={`simulated-tag ${className}`}>{word ?? i18n.t('Simulated')}</span>;
}

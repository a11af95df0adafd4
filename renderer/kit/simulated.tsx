/** What marks the demonstration: a bar, a tag, a corner. None of them can be closed. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';

export function SimulatedBar(): ReactNode {
  const { i18n } = useLingui();
  return (
    <div className="simulated-bar" role="note">
      <span>{i18n.t('Demonstration clinic: every device on this screen is simulated. No real patients.')}</span>
    </div>
  );
}

export function SimulatedTag({ className = '' }: { className?: string }): ReactNode {
  const { i18n } = useLingui();
  return <span className={`simulated-tag ${className}`}>{i18n.t('Simulated')}</span>;
}

/** Skips a step with a reason, for those who may. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { maySkip } from '../../electron/contract/protocols.ts';
import type { VisitView } from '../../electron/contract/views.ts';
import { useSession } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
import { ReasonButton } from './reason-button.tsx';
import type { VisitStep } from './visit-steps.ts';

export function SkipButton({
  visit,
  current,
  label,
  className = '',
}: {
  readonly visit: VisitView;
  readonly current: VisitStep;
  readonly label?: string;
  readonly className?: string;
}): ReactNode {
  const { i18n } = useLingui();
  const { person } = useSession();
  const skip = useCommand((client) => client.visits.skip);
  if (!maySkip(current.step, person.roles)) return null;
  return (
    <ReasonButton
      label={label ?? i18n.t('Skip with a reason')}
      className={className}
      title={i18n.t('Skip: {step}', { step: i18n._(current.step.title) })}
      explanation={i18n.t('The report will say that it was skipped, and why.')}
      reasons={[
        i18n.t('The patient does not want it'),
        i18n.t('The patient cannot do it today'),
        i18n.t('The device does not work'),
        i18n.t('No time left'),
      ]}
      confirm={i18n.t('Skip this step')}
      command={skip}
      input={(reason) => ({ sessionId: visit.sessionId, stepId: current.step.id, reason })}
    />
  );
}

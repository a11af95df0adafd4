/** Skips a step with a reason, for those who may. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { maySkip } from '../../electron/contract/protocols.ts';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { ReasonDialog } from '../kit/dialog.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useSession } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
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
  const [open, setOpen] = useState(false);
  const skip = useCommand((client) => client.visits.skip);
  if (!maySkip(current.step, person.roles)) return null;
  const submit = async (reason: string): Promise<void> => {
    const input = { sessionId: visit.sessionId, stepId: current.step.id, reason };
    if ((await skip.run(input)) !== null) setOpen(false);
  };
  return (
    <>
      <Button className={className} onPress={() => setOpen(true)}>
        {label ?? i18n.t('Skip with a reason')}
      </Button>
      <ReasonDialog
        title={i18n.t('Skip: {step}', { step: i18n._(current.step.title) })}
        explanation={i18n.t('The report will say that it was skipped, and why.')}
        reasons={[
          i18n.t('The patient does not want it'),
          i18n.t('The patient cannot do it today'),
          i18n.t('The device does not work'),
          i18n.t('No time left'),
        ]}
        confirm={i18n.t('Skip this step')}
        open={open}
        busy={skip.busy}
        onClose={() => setOpen(false)}
        onReason={(reason) => void submit(reason)}
        {...(skip.problem === null ? {} : { problem: <InlineProblem problem={skip.problem} /> })}
      />
    </>
  );
}

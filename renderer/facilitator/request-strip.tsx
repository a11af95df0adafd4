/** What the patient asked for at their own screen, over the work until somebody has seen to it. */
import { useLingui } from '@lingui/react';
import { Hand } from 'lucide-react';
import type { ReactNode } from 'react';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { useCommand } from '../shell/staff.ts';

export function RequestStrip({
  visit,
}: {
  visit: Pick<VisitView, 'sessionId' | 'patientRequest'> & { patient: Pick<VisitView['patient'], 'givenName'> };
}): ReactNode {
  const { i18n } = useLingui();
  const answer = useCommand((client) => client.visits.answerRequest);
  if (visit.patientRequest === null) return null;
  const name = visit.patient.givenName;
  return (
    <div className="flex min-h-16 items-center gap-4 border-b border-line bg-warn-soft px-7 text-warn" role="alert">
      <Hand size={22} strokeWidth={1.75} aria-hidden />
      <b className="grow-1 text-17">
        {visit.patientRequest === 'help'
          ? i18n.t('{name} asks for help.', { name })
          : i18n.t('{name} asks for a break.', { name })}
      </b>
      <Button look="outlined" busy={answer.busy} onPress={() => void answer.run({ sessionId: visit.sessionId })}>
        {i18n.t('Seen to')}
      </Button>
    </div>
  );
}

/** The foot of the verdict pane: the one action that follows the verdict, and the two ways round it. */
import { useLingui } from '@lingui/react';
import { Camera } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { Dialog, ReasonDialog } from '../kit/dialog.tsx';
import { InlineProblem, useProblemWords } from '../kit/problem.tsx';
import { useMay, useSession } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
import { SkipButton } from './skip-button.tsx';
import type { CaptureStep } from './use-capture.ts';
import type { VisitStep } from './visit-steps.ts';

export interface CaptureWords {
  /** "Take the right side", "Take right eye". */
  readonly take: string;
  readonly takeAgain: string;
  /** "Keep, go to left eye". */
  readonly keep: string;
  readonly skip: string;
}

export function CaptureActions({
  visit,
  current,
  capture,
  words,
}: {
  readonly visit: VisitView;
  readonly current: VisitStep;
  readonly capture: CaptureStep;
  readonly words: CaptureWords;
}): ReactNode {
  const { i18n } = useLingui();
  const [keeping, setKeeping] = useState(false);
  const [asking, setAsking] = useState(false);
  const undo = useCommand((client) => client.visits.undo);
  const senior = useMay('clinician', 'admin');
  const { phase, shown, working, commands } = capture;
  const usedUp = current.view.attemptsLeft <= 0;
  const mark = current.view.mark;
  const camera = <Camera size={22} strokeWidth={1.75} aria-hidden />;
  const problem = commands.take.problem ?? commands.keep.problem ?? commands.retry.problem ?? undo.problem;
  const primary = primaryAction();
  const mayKeepFailed = phase === 'failed-check' || phase === 'unjudged';

  return (
    <footer className="verdict-actions">
      {problem === null ? null : (
        <InlineProblem
          problem={problem}
          {...(problem.code === 'RETAKES_USED_UP' ? { onAction: () => setAsking(true) } : {})}
        />
      )}
      {primary}
      <div className="mt-1.5 flex min-h-12 flex-wrap justify-between gap-x-2">
        {working && mark !== 'done' ? (
          <Button className="px-1" onPress={capture.cancel} busy={commands.cancel.busy}>
            {i18n.t('Stop this try')}
          </Button>
        ) : mayKeepFailed && mark !== 'done' ? (
          <Button className="px-1" onPress={() => setKeeping(true)}>
            {i18n.t('Keep it, give a reason')}
          </Button>
        ) : phase === 'passed' && mark !== 'done' && !usedUp ? (
          <Button className="px-1" onPress={capture.take} disabled={working} hotkey="r">
            {words.takeAgain}
          </Button>
        ) : (
          <span />
        )}
        {mark === 'done' || working ? null : (
          <SkipButton visit={visit} current={current} label={words.skip} className="px-1" />
        )}
      </div>
      <KeepDialog
        open={keeping}
        busy={commands.keep.busy}
        onClose={() => setKeeping(false)}
        onReason={(reason) => {
          capture.keep(reason);
          setKeeping(false);
        }}
      />
      <SeniorDialog open={asking} onClose={() => setAsking(false)} />
    </footer>
  );

  function primaryAction(): ReactNode {
    const shared = { look: 'primary', size: 'tall', className: 'w-full' } as const;
    if (mark === 'done') {
      if (!current.view.undoable) return null;
      return (
        <Button
          look="outlined"
          size="tall"
          className="w-full"
          busy={undo.busy}
          onPress={() => void undo.run({ sessionId: visit.sessionId, stepId: current.step.id })}
        >
          {i18n.t('Take it back and take another')}
        </Button>
      );
    }
    switch (phase) {
      case 'none':
        return (
          <Button {...shared} icon={camera} onPress={capture.take} busy={commands.take.busy} hotkey="Space">
            {words.take}
          </Button>
        );
      case 'taking':
      case 'fetching':
      case 'judging':
        return (
          <Button {...shared} onPress={capture.take} busy>
            {phase === 'judging' ? i18n.t('Being checked') : i18n.t('Being taken')}
          </Button>
        );
      case 'uncertain':
        return (
          <Button {...shared} onPress={capture.retry} busy={commands.retry.busy} hotkey="Enter">
            {i18n.t('Look for it on the camera')}
          </Button>
        );
      case 'unjudged':
        return (
          <Button {...shared} onPress={capture.retry} busy={commands.retry.busy} hotkey="Enter">
            {i18n.t('Check it again')}
          </Button>
        );
      case 'passed':
        return (
          <Button {...shared} onPress={() => capture.keep(null)} busy={commands.keep.busy} hotkey="Enter">
            {words.keep}
          </Button>
        );
      case 'failed-check':
      case 'broken':
        if (!usedUp) {
          return (
            <Button {...shared} icon={camera} onPress={capture.take} busy={commands.take.busy} hotkey="Space">
              {shown === null ? words.take : words.takeAgain}
            </Button>
          );
        }
        return senior ? (
          <Button {...shared} onPress={() => setKeeping(true)} disabled={phase === 'broken'}>
            {i18n.t('Keep it, give a reason')}
          </Button>
        ) : (
          <Button {...shared} onPress={() => setAsking(true)}>
            {i18n.t('Ask a senior')}
          </Button>
        );
    }
  }
}

function KeepDialog({
  open,
  busy,
  onClose,
  onReason,
}: {
  readonly open: boolean;
  readonly busy: boolean;
  readonly onClose: () => void;
  readonly onReason: (reason: string) => void;
}): ReactNode {
  const { i18n } = useLingui();
  return (
    <ReasonDialog
      title={i18n.t('Keep this picture although a check failed')}
      explanation={i18n.t('The picture and the report will be marked. What failed cannot be measured.')}
      reasons={[
        i18n.t('The eye or body does not allow a better one'),
        i18n.t('The patient does not want another try'),
        i18n.t('Good enough for what is asked'),
      ]}
      confirm={i18n.t('Keep it')}
      open={open}
      busy={busy}
      onClose={onClose}
      onReason={onReason}
    />
  );
}

/** A senior unlocks this screen with their own PIN and decides here; the place is kept. */
function SeniorDialog({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const { i18n } = useLingui();
  const { lock } = useSession();
  const words = useProblemWords('RETAKES_USED_UP');
  return (
    <Dialog
      title={i18n.t('Ask a senior')}
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose} hotkey="Escape">
            {i18n.t('Cancel')}
          </Button>
          <Button look="primary" onPress={lock} hotkey="Enter">
            {i18n.t('Lock, so that a senior can unlock')}
          </Button>
        </>
      }
    >
      <p>{words.happened}</p>
      <p className="pt-2 text-ink-2">
        {i18n.t('A clinician unlocks this screen with their own PIN, sees the same step, and keeps a try or skips it.')}
      </p>
    </Dialog>
  );
}

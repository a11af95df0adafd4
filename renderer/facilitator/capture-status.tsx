/** A try under way or in trouble, in the words of the verdict pane. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { ProgressBar } from 'react-aria-components';
import type { ProblemCode } from '../../electron/contract/problems.ts';
import type { CaptureView } from '../../electron/contract/views.ts';
import { formatBytes } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import type { MarkShape } from '../kit/marks.tsx';
import { useProblemWords } from '../kit/problem.tsx';
import type { Verdict } from './capture-words.ts';
import type { TryPhase } from './use-capture.ts';

/** Headline of the side pane: mark, sentence, one more sentence. */
export function VerdictHead({
  shape,
  title,
  children,
}: {
  shape: MarkShape;
  title: string;
  children?: ReactNode;
}): ReactNode {
  return (
    <div className="verdict" aria-live="assertive">
      <div className="flex items-center gap-3.5">
        <StatusMark shape={shape} size={30} />
        <h1>{title}</h1>
      </div>
      {children}
    </div>
  );
}

/** What the checks came to, what usually helps, and who kept the picture all the same. */
export function Judged({
  verdict,
  shown,
  figures,
}: {
  readonly verdict: Verdict;
  readonly shown: CaptureView;
  /** Drawn under what helps. */
  readonly figures?: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  const { kept } = shown;
  return (
    <>
      <VerdictHead shape={verdict.passed ? 'done' : 'care'} title={verdict.title}>
        <p>{verdict.text}</p>
        {kept === null ? null : <p>{i18n.t('Kept by {name}: {reason}', { name: kept.byName, reason: kept.reason })}</p>}
      </VerdictHead>
      {verdict.helps.length === 0 || kept !== null ? null : (
        <section className="border-b border-line px-8 py-5">
          <h3 className="pane-title">{i18n.t('What usually helps')}</h3>
          <ol className="helps">
            {verdict.helps.map((help) => (
              <li key={help}>{help}</li>
            ))}
          </ol>
          {figures}
        </section>
      )}
    </>
  );
}

/** While the picture is taken, fetched and looked at. */
export function WorkingHead({ phase, shown }: { phase: TryPhase; shown: CaptureView }): ReactNode {
  const { i18n } = useLingui();
  const { transfer } = shown;
  if (phase === 'judging') {
    return (
      <VerdictHead shape="busy" title={i18n.t('Being checked')}>
        <p>{i18n.t('The picture is on this disk. The checks come in a moment.')}</p>
      </VerdictHead>
    );
  }
  if (phase === 'fetching' && transfer !== null) {
    return (
      <VerdictHead shape="busy" title={i18n.t('Fetching the picture')}>
        <p>{i18n.t('It was taken. It comes over from the camera now.')}</p>
        <ProgressBar
          aria-label={i18n.t('Fetching the picture')}
          value={transfer.received}
          maxValue={Math.max(1, transfer.total)}
          className="mt-4"
        >
          {({ percentage }) => (
            <>
              <span className="block h-2 overflow-hidden rounded-full bg-sunken">
                <span className="block h-full bg-accent" style={{ width: `${percentage ?? 0}%` }} />
              </span>
              <span className="mt-2 block text-13 text-ink-3">
                {i18n.t('{received} of {total}', {
                  received: formatBytes(transfer.received),
                  total: formatBytes(transfer.total),
                })}
              </span>
            </>
          )}
        </ProgressBar>
      </VerdictHead>
    );
  }
  return (
    <VerdictHead shape="busy" title={i18n.t('Taking the picture')}>
      <p>{i18n.t('The camera has been asked. Hold still.')}</p>
    </VerdictHead>
  );
}

/** The ways in which a camera goes away. To a picture whose shutter may have been released they mean the same. */
const CAMERA_AWAY: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'DEVICE_ABSENT',
  'DEVICE_LOST',
  'DEVICE_SILENT',
  'DEVICES_RESTARTED',
  'NOT_FOUND',
]);

function troubleCode(shown: CaptureView): ProblemCode {
  const code = shown.problem?.code ?? null;
  if (shown.state === 'uncertain' && (code === null || CAMERA_AWAY.has(code))) return 'CAMERA_REPLY_LOST';
  if (shown.state === 'uncertain' && code === 'CANCELLED') return 'STOPPED_LATE';
  return code ?? 'INTERNAL';
}

/** A try that ended in a problem: three lines; the one action is the pane's primary button. */
export function TroubleHead({ shown }: { shown: CaptureView }): ReactNode {
  const code = troubleCode(shown);
  const words = useProblemWords(code);
  return (
    <VerdictHead shape="care" title={words.happened}>
      <p>{words.safe}</p>
      <p>{words.todo}</p>
      <p className="ident text-12 text-ink-3">{code}</p>
    </VerdictHead>
  );
}

/** The decision: open with two ways, or made with who and when. The first decision stands. */
import { useLingui } from '@lingui/react';
import { FileText } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { Review } from '../../electron/contract/documents.ts';
import type { ReviewView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { formatDate, formatTime } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { reasonText } from '../kit/send-back-words.ts';
import { useSession } from '../shell/session.ts';
import { ApproveDialog } from './approve-dialog.tsx';
import { ReportDialog } from './report-panel.tsx';
import { decisionWords } from './review-words.ts';
import { SendBackDialog } from './send-back-dialog.tsx';

export function DecisionPane({
  view,
  changed,
  onAcknowledge,
  stale,
}: {
  readonly view: ReviewView;
  /** Another version was made while this one was read. */
  readonly changed: boolean;
  readonly onAcknowledge: () => void;
  readonly stale: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  const { place } = useSession();
  const [open, setOpen] = useState<'approve' | 'send-back' | 'report' | null>(null);
  const { review } = view.report;
  const close = (): void => setOpen(null);
  const mayDecide = review === null && !changed && !stale;
  return (
    <footer className="review-decision">
      {review !== null ? (
        <Decided review={review} />
      ) : changed ? (
        <div role="alert" className="mb-3">
          <p className="flex items-center gap-2 font-semibold">
            <StatusMark shape="care" />
            {i18n.t('The report is no longer the one that you read.')}
          </p>
          <p className="mt-1 text-13 text-ink-2">
            {i18n.t('Version {version} was made at {time}. Read it, then decide.', {
              version: view.report.version,
              time: formatTime(view.report.madeAt),
            })}
          </p>
        </div>
      ) : (
        <p className="mb-3 text-13 text-ink-2">
          {stale
            ? place === 'cloud'
              ? i18n.t('This screen has lost the cloud. You can decide when it is back.')
              : i18n.t('This screen has lost the station. You can decide when it is back.')
            : place === 'cloud'
              ? i18n.t('Approving releases the report to the patient. Signed with your sign-in.')
              : i18n.t('Approving releases the report to the patient. Signed with your PIN.')}
        </p>
      )}
      <Button
        look="outlined"
        className="review-open"
        icon={<FileText size={20} strokeWidth={1.75} aria-hidden />}
        onPress={() => {
          onAcknowledge();
          setOpen('report');
        }}
        hotkey="p"
      >
        {changed ? i18n.t('Show the new report') : i18n.t('Open the report')}
      </Button>
      {review !== null ? null : (
        <div className="review-ways">
          <Button look="outlined" size="large" onPress={() => setOpen('send-back')} disabled={!mayDecide} hotkey="b">
            {i18n.t('Send back')}
          </Button>
          <Button look="primary" size="large" onPress={() => setOpen('approve')} disabled={!mayDecide} hotkey="a">
            {i18n.t('Approve')}
          </Button>
        </div>
      )}
      {open === 'approve' && review === null ? <ApproveDialog view={view} onClose={close} onDecided={close} /> : null}
      {open === 'send-back' && review === null ? (
        <SendBackDialog view={view} onClose={close} onDecided={close} />
      ) : null}
      <ReportDialog
        reportId={view.report.reportId}
        version={view.report.version}
        open={open === 'report'}
        onClose={close}
      />
    </footer>
  );
}

function Decided({ review }: { review: Review }): ReactNode {
  const { i18n } = useLingui();
  return (
    <div className="mb-3">
      <p className="flex items-center gap-2 font-semibold">
        <StatusMark shape={review.decision === 'approved' ? 'done' : 'aside'} />
        {decisionWords(i18n, review)}
      </p>
      <p className="mt-1 text-13 text-ink-2">
        {formatDate(review.at)}, {formatTime(review.at)}
        {review.reason === null ? '' : `. ${reasonText(i18n, review.reason)}`}
        {review.notes === null ? '' : `. “${review.notes}”`}
      </p>
    </div>
  );
}

/** The report that is decided about: what it is, what it leaves out, and the PDF itself. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { ReviewView } from '../../electron/contract/views.ts';
import { Dialog } from '../kit/dialog.tsx';
import { formatDate, formatHash, formatTime } from '../kit/format.ts';
import { PaneProblem } from '../kit/problem.tsx';
import { useMedia } from '../shell/media.ts';
import { releaseOf } from './review-words.ts';

export function ReportPanel({ view }: { view: ReviewView }): ReactNode {
  const { i18n } = useLingui();
  const { report, visit } = view;
  const { parts, leftOut } = releaseOf(i18n, view);
  return (
    <>
      <h3>{i18n.t('The report')}</h3>
      <dl className="review-facts">
        <dt>{i18n.t('Version')}</dt>
        <dd>{report.version}</dd>
        <dt>{i18n.t('Made')}</dt>
        <dd>
          {formatDate(report.madeAt)}, {formatTime(report.madeAt)}
        </dd>
        {visit.report === null ? null : (
          <>
            <dt>{i18n.t('Pages')}</dt>
            <dd>{visit.report.pages}</dd>
          </>
        )}
        <dt>{i18n.t('SHA-256')}</dt>
        <dd>
          <span className="ident" title={report.sha256}>
            {formatHash(report.sha256)}
          </span>
        </dd>
      </dl>
      <h3>{i18n.t('In it')}</h3>
      <ul className="review-list">
        {parts.map((part) => (
          <li key={part}>{part}</li>
        ))}
      </ul>
      {leftOut.length === 0 && visit.endedReason === null ? null : (
        <>
          <h3>{i18n.t('Left out')}</h3>
          <ul className="review-list">
            {leftOut.map((part) => (
              <li key={part}>{part}</li>
            ))}
            {visit.endedReason === null ? null : (
              <li>{i18n.t('Ended early: {reason}', { reason: visit.endedReason })}</li>
            )}
          </ul>
        </>
      )}
    </>
  );
}

export function ReportDialog({
  reportId,
  version,
  open,
  onClose,
}: {
  readonly reportId: string;
  readonly version: number;
  readonly open: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const media = useMedia(open ? { of: 'report', reportId } : null);
  return (
    <Dialog title={i18n.t('Report, version {version}', { version })} open={open} onClose={onClose} wide>
      <div className="h-[calc(100vh-240px)] bg-sunken">
        {media.problem !== null ? (
          <PaneProblem problem={media.problem} onAction={onClose} action={i18n.t('Close')} />
        ) : media.path === null ? null : (
          // oxlint-disable-next-line react/iframe-missing-sandbox -- Chromium's PDF viewer does not run in a sandboxed frame; the bytes are our own
          <iframe
            title={i18n.t('Report, version {version}', { version })}
            src={media.path}
            className="size-full border-0"
          />
        )}
      </div>
    </Dialog>
  );
}

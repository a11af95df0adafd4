/** The report as it was made: the PDF itself, in the page, from the station's own disk. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { formatHash } from '../kit/format.ts';
import { PaneProblem } from '../kit/problem.tsx';
import { useMedia } from '../shell/media.ts';
import { problemHere } from '../shell/problem-of.ts';
import { useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { fullName } from './day-words.ts';

export function ReportPage({ sessionId }: { sessionId: string }): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const visit = useLive((client) => client.visits.watch, { sessionId });
  const report = visit.data?.report ?? null;
  const media = useMedia(report === null ? null : { of: 'report', reportId: report.reportId });
  const back = (): void => void navigate({ to: '/visit/$sessionId', params: { sessionId } });
  const problem =
    visit.problem ?? media.problem ?? (visit.data !== undefined && report === null ? problemHere('NOT_FOUND') : null);
  return (
    <>
      <Topbar onBack={back} backLabel={i18n.t('Back to the visit')}>
        <h1>{i18n.t('Report')}</h1>
        {visit.data === undefined || report === null ? null : (
          <span className="text-13 text-ink-2">
            {fullName(visit.data.patient)} · {i18n.t('version {version}', { version: report.version })} ·{' '}
            <bdi className="ident">{formatHash(report.sha256)}</bdi>
          </span>
        )}
        <span className="grow-1" />
      </Topbar>
      <div className="min-h-0 bg-sunken">
        {problem !== null ? (
          <PaneProblem problem={problem} onAction={back} action={i18n.t('Back to the visit')} />
        ) : media.path === null ? null : (
          // oxlint-disable-next-line react/iframe-missing-sandbox -- Chromium's PDF viewer does not run in a sandboxed frame; the bytes are our own
          <iframe title={i18n.t('Report')} src={media.path} className="size-full border-0" />
        )}
      </div>
    </>
  );
}

/** A published report: asked for when it is opened, written down each time, shown as it is. */
import { useLingui } from '@lingui/react';
import { useQuery } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Problem } from '../../../electron/contract/problems.ts';
import { Dialog } from '../../kit/dialog.tsx';
import { PaneProblem } from '../../kit/problem.tsx';
import { problemOf } from '../../shell/problem-of.ts';
import { useClient } from '../../shell/staff.ts';
import { cloudOf } from '../cloud-client.ts';

export function PublishedReport({
  visitId,
  onClose,
}: {
  /** Null: closed. */
  readonly visitId: string | null;
  readonly onClose: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const client = useClient();
  const report = useQuery<{ readonly path: string }, Problem>({
    queryKey: ['published-report', visitId],
    enabled: visitId !== null,
    // Each opening is a look of its own.
    gcTime: 0,
    staleTime: Infinity,
    queryFn: async () => {
      try {
        return await cloudOf(client).timeline.openReport({ visitId: visitId ?? '' });
      } catch (error) {
        throw problemOf(error);
      }
    },
  });
  return (
    <Dialog title={i18n.t('Your report')} open={visitId !== null} onClose={onClose} wide>
      <div className="report-frame">
        {report.error !== null ? (
          <PaneProblem problem={report.error} onAction={onClose} action={i18n.t('Close')} />
        ) : report.data === undefined ? null : (
          <>
            {/* oxlint-disable-next-line react/iframe-missing-sandbox -- Chromium's PDF viewer does not run in a sandboxed frame; the bytes are our own */}
            <iframe title={i18n.t('Your report')} src={report.data.path} className="size-full border-0" />
            <a href={report.data.path} target="_blank" rel="noopener" className="report-alone">
              <ExternalLink size={20} strokeWidth={1.75} aria-hidden />
              {i18n.t('Open it by itself')}
            </a>
          </>
        )}
      </div>
    </Dialog>
  );
}

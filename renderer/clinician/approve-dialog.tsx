/** Approving: exactly what goes out, to whom, and the PIN. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { formatHash } from '../kit/format.ts';
import { useSession } from '../shell/session.ts';
import type { DecisionDialogProps } from './decision-dialog.tsx';
import { DecisionDialog } from './decision-dialog.tsx';
import { releaseOf } from './review-words.ts';

const APPROVED = { decision: 'approved', reason: null, notes: null } as const;

export function ApproveDialog(props: DecisionDialogProps): ReactNode {
  const { i18n } = useLingui();
  const { status, place } = useSession();
  const { view } = props;
  const { patient } = view.visit;
  const { parts, leftOut } = releaseOf(i18n, view);
  const cloud = status?.cloud.state ?? 'not-configured';
  return (
    <DecisionDialog
      {...props}
      title={i18n.t('Approve the report of {name}', { name: `${patient.givenName} ${patient.familyName}` })}
      confirm={i18n.t('Approve version {version}', { version: view.report.version })}
      decision={APPROVED}
    >
      <h3 className="pane-title">{i18n.t('This is released to the patient')}</h3>
      <ul className="review-list mt-1">
        {parts.map((part) => (
          <li key={part}>{part}</li>
        ))}
      </ul>
      {leftOut.length === 0 ? null : (
        <>
          <h3 className="pane-title mt-4">{i18n.t('Not in it')}</h3>
          <ul className="review-list mt-1">
            {leftOut.map((part) => (
              <li key={part}>{part}</li>
            ))}
          </ul>
        </>
      )}
      <p className="mt-4 text-ink-2">
        {place === 'cloud'
          ? i18n.t('Your decision is stored here at once and reaches the clinic’s stations as soon as they are online.')
          : cloud === 'not-configured'
            ? i18n.t('This visit ends on this station: the desk may print and hand over the report.')
            : cloud === 'online'
              ? i18n.t('Your decision is stored here at once and then sent.')
              : i18n.t('Your decision is stored here at once and goes out when the line is back.')}
      </p>
      <p className="mt-2 text-13 text-ink-3">
        {i18n.t('Report version {version}', { version: view.report.version })}{' '}
        <bdi className="ident">{formatHash(view.report.sha256)}</bdi>
      </p>
    </DecisionDialog>
  );
}

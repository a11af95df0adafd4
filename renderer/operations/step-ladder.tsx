/** Where everything is: four numbers, each with its own receipt. */
import { useLingui } from '@lingui/react';
import { Camera, Cloud, HardDrive, ShieldCheck } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { SyncView } from '../../electron/contract/sync-status.ts';
import { formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { isAllVerified, leftWords } from './sync-words.ts';

export function StepLadder({ view }: { readonly view: SyncView }): ReactNode {
  const { i18n } = useLingui();
  const { steps, line } = view;
  const noCloud = line.state === 'not-configured' ? i18n.t('no cloud here') : null;
  return (
    <section className="ladder" aria-labelledby="ladder-title">
      <div>
        <h2 id="ladder-title">{i18n.t('Where everything is')}</h2>
        {isAllVerified(view) ? (
          <p className="ladder-all">
            <StatusMark shape="done" />
            {i18n.t('Everything is in the cloud and verified.')}
          </p>
        ) : (
          <p>{i18n.t('Counted from receipts, not guessed. “Verified” means the cloud’s hash is the same as ours.')}</p>
        )}
      </div>
      <Figure
        icon={Camera}
        title={i18n.t('Only on a device')}
        value={steps.onlyOnDevice}
        below={steps.onlyOnDevice === 0 ? i18n.t('nothing is left there') : i18n.t('being written now')}
      />
      <Figure
        icon={HardDrive}
        title={i18n.t('On this disk')}
        value={steps.onDisk}
        below={i18n.t('encrypted, hash checked')}
      />
      <Figure
        icon={Cloud}
        title={i18n.t('In the cloud')}
        value={steps.inCloud}
        below={noCloud ?? leftWords(i18n, view)}
      />
      <Figure
        icon={ShieldCheck}
        title={i18n.t('Verified')}
        value={steps.verified}
        below={noCloud ?? <Compared steps={steps} />}
      />
    </section>
  );
}

function Compared({ steps }: { readonly steps: SyncView['steps'] }): ReactNode {
  const { i18n } = useLingui();
  const { differing, comparing } = steps;
  if (differing > 0) {
    return (
      <span className="text-warn">
        {i18n.t('{shown} not the same, sent again', { shown: formatNumber(differing, 0) })}
      </span>
    );
  }
  if (comparing > 0) return i18n.t('{shown} being compared', { shown: formatNumber(comparing, 0) });
  return steps.verified === 0 ? i18n.t('nothing yet') : i18n.t('nothing left to compare');
}

function Figure({
  icon: Icon,
  title,
  value,
  below,
}: {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly value: number;
  readonly below: ReactNode;
}): ReactNode {
  return (
    <div className="ladder-step">
      <h3>
        <Icon size={18} strokeWidth={1.75} aria-hidden />
        {title}
      </h3>
      <b>{formatNumber(value, 0)}</b>
      <small>{below}</small>
    </div>
  );
}

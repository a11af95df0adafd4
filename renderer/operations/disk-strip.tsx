/** What is on this disk: four numbers and the disk to scale. */
import { useLingui } from '@lingui/react';
import { Database, HardDrive, Images, ShieldCheck } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { StorageView } from '../../electron/contract/maintenance.ts';
import { formatBytes, formatNumber, formatPercent } from '../kit/format.ts';

export function DiskStrip({ view }: { readonly view: StorageView }): ReactNode {
  const { i18n } = useLingui();
  const { disk, vault, store } = view;
  const freePercent = formatPercent(Math.floor((disk.freeBytes / Math.max(1, disk.totalBytes)) * 100));
  return (
    <section className="storage-strip" aria-labelledby="storage-disk">
      <div>
        <h2 id="storage-disk">{i18n.t('On this disk')}</h2>
        <p>{i18n.t('Counted where it lies. Everything of a patient is encrypted.')}</p>
        <DiskBar view={view} />
      </div>
      <Figure
        icon={HardDrive}
        title={i18n.t('Free')}
        value={formatBytes(disk.freeBytes)}
        tone={disk.state}
        below={i18n.t(
          '{freePercent} free, {visits, plural, one {{count} more visit fits} other {{count} more visits fit}}',
          { freePercent, visits: disk.visitsLeft, count: formatNumber(disk.visitsLeft, 0) },
        )}
      />
      <Figure
        icon={Images}
        title={i18n.t('Pictures and reports')}
        value={formatNumber(vault.files, 0)}
        below={i18n.t('files, {size}', { size: formatBytes(vault.bytes) })}
      />
      <Figure
        icon={Database}
        title={i18n.t('Records')}
        value={formatBytes(store.bytes)}
        below={i18n.t('visits, patients, audit trail')}
      />
      <Figure
        icon={ShieldCheck}
        title={i18n.t('Kept free')}
        value={formatBytes(disk.reserveBytes)}
        below={
          view.reserveFile.isHeld
            ? i18n.t('never given to pictures, to close visits safely')
            : i18n.t('the reserve file is used up; free some space')
        }
      />
    </section>
  );
}

function Figure({
  icon: Icon,
  title,
  value,
  below,
  tone = 'ok',
}: {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly value: string;
  readonly below: string;
  readonly tone?: StorageView['disk']['state'];
}): ReactNode {
  const tones = { ok: '', low: ' text-warn', full: ' text-fault' };
  return (
    <div className="storage-figure">
      <h3>
        <Icon size={16} strokeWidth={1.75} aria-hidden />
        {title}
      </h3>
      <b className={tones[tone]}>{value}</b>
      <span className={tones[tone]}>{below}</span>
    </div>
  );
}

/** Pictures, records, what else lies here, and what is free; to scale, said again in the numbers beside it. */
function DiskBar({ view }: { readonly view: StorageView }): ReactNode {
  const { disk, vault, store } = view;
  const share = (bytes: number): string => `${Math.min(100, (bytes / Math.max(1, disk.totalBytes)) * 100)}%`;
  const own = vault.bytes + store.bytes;
  const others = Math.max(0, disk.totalBytes - disk.freeBytes - own);
  return (
    <span className="storage-bar" aria-hidden>
      <i data-part="own" style={{ width: share(own) }} />
      <i data-part="others" style={{ width: share(others) }} />
    </span>
  );
}

/** The stations of the person's locations: when each was last heard of, what is on its way, what could not be taken, what it reports. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { FleetStation } from '../../electron/contract/cloud-api.ts';
import { formatBytes, formatDate, formatNumber, formatTime } from '../kit/format.ts';
import type { MarkShape } from '../kit/marks.tsx';
import { StatusMark, Tag } from '../kit/marks.tsx';
import { PaneProblem } from '../kit/problem.tsx';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { useFleet } from './cloud-client.ts';
import './cloud.css';
import { contactWords } from './fleet-words.ts';

export function FleetPage(): ReactNode {
  const { i18n } = useLingui();
  const fleet = useFleet();
  const now = useNow(20_000);
  const stations = fleet.data?.stations ?? [];
  return (
    <>
      <Topbar>
        <h1>{i18n.t('Stations')}</h1>
        {fleet.data === undefined ? null : (
          <span className="text-ink-2">
            {i18n.t('as the cloud knows them at {time}', { time: formatTime(fleet.data.at) })}
          </span>
        )}
        <span className="grow-1" />
      </Topbar>
      <div className="min-h-0 overflow-auto bg-surface">
        {fleet.problem !== null ? (
          <PaneProblem problem={fleet.problem} />
        ) : fleet.data === undefined ? null : stations.length === 0 ? (
          <div className="grid h-full place-items-center p-10">
            <div className="max-w-[34em] text-center">
              <h2 className="text-26">{i18n.t('No station is enrolled yet.')}</h2>
              <p className="mt-2 text-17 text-ink-2">
                {i18n.t('One appears here as soon as it has been enrolled with a code of this clinic.')}
              </p>
            </div>
          </div>
        ) : (
          <table className="fleet">
            <caption className="sr-only">{i18n.t('Stations')}</caption>
            <thead>
              <tr>
                <th scope="col">{i18n.t('Station')}</th>
                <th scope="col">{i18n.t('Last contact')}</th>
                <th scope="col">{i18n.t('Not sent yet')}</th>
                <th scope="col">{i18n.t('Files on their way')}</th>
                <th scope="col">{i18n.t('Records not taken')}</th>
                <th scope="col">{i18n.t('Reports of the station')}</th>
              </tr>
            </thead>
            <tbody>
              {stations.map((station) => (
                <StationRow key={station.stationId} station={station} now={now} />
              ))}
            </tbody>
          </table>
        )}
        {stations.length === 0 ? null : (
          <p className="flex items-start gap-3 px-7 py-5 text-13 text-ink-2">
            <span className="mt-0.5">
              <StatusMark shape="nothing" />
            </span>
            {i18n.t(
              'What has not been sent is what the station itself told when it was last online. Since then there may be more.',
            )}
          </p>
        )}
      </div>
    </>
  );
}

function StationRow({ station, now }: { readonly station: FleetStation; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const contact = contactWords(i18n, station, now);
  const { arriving, quarantined } = station;
  return (
    <tr>
      <th scope="row">
        <b className="block text-17">{station.name}</b>
        <span className="text-13 font-normal text-ink-2">
          {station.locationName} · {i18n.t('since {date}', { date: formatDate(station.enrolledAt) })} ·{' '}
          {i18n.t('contract {version}', { version: station.contractVersion })}
        </span>
      </th>
      <td>
        <Tag shape={contact.shape}>{contact.text}</Tag>
        {station.lastContactAt === null ? null : (
          <span className="block pt-1 text-13 text-ink-2">
            {formatDate(station.lastContactAt)}, {formatTime(station.lastContactAt, true)}
          </span>
        )}
      </td>
      <td>
        <Unsent unsent={station.unsent} />
      </td>
      <td>
        {arriving.files === 0 ? (
          <span className="text-ink-2">{i18n.t('none begun')}</span>
        ) : (
          i18n.t('{count, plural, one {# file} other {# files}}, {left} to come', {
            count: arriving.files,
            left: formatBytes(arriving.leftBytes),
          })
        )}
      </td>
      <td>
        {quarantined.records === 0 ? (
          <span className="text-ink-2">{i18n.t('none')}</span>
        ) : (
          <>
            <Tag shape="care">{formatNumber(quarantined.records, 0)}</Tag>
            {quarantined.lastAt === null ? null : (
              <span className="block pt-1 text-13 text-ink-2">
                {i18n.t('last {date}, {time}', {
                  date: formatDate(quarantined.lastAt),
                  time: formatTime(quarantined.lastAt),
                })}
              </span>
            )}
          </>
        )}
      </td>
      <td>
        {station.trailBreaks === 0 ? null : (
          <p className="flex items-start gap-2.5">
            <span className="mt-0.5">
              <StatusMark shape="stopped" />
            </span>
            {i18n.t('Its audit trail did not follow from what was here.')}
          </p>
        )}
        {station.alerts.map((alert) => (
          <p key={alert.id} className="flex items-start gap-2.5">
            <span className="mt-0.5">
              <StatusMark shape={SHAPES[alert.severity]} />
            </span>
            <span>
              {alert.text}
              <span className="block text-13 text-ink-2">
                {formatDate(alert.at)}, {formatTime(alert.at)}
              </span>
            </span>
          </p>
        ))}
        {station.alerts.length === 0 && station.trailBreaks === 0 ? (
          <span className="text-ink-2">{i18n.t('nothing open')}</span>
        ) : null}
      </td>
    </tr>
  );
}

/** As the station itself told. */
function Unsent({ unsent }: { readonly unsent: FleetStation['unsent'] }): ReactNode {
  const { i18n } = useLingui();
  if (unsent === null) return <span className="text-ink-2">{i18n.t('not told yet')}</span>;
  const { documents, files, auditEntries } = unsent;
  const isNothing = documents + files + auditEntries === 0;
  return (
    <>
      {isNothing ? (
        <span className="text-ink-2">{i18n.t('nothing')}</span>
      ) : (
        i18n.t('{documents} records, {files} files, {auditEntries} entries of the trail', {
          documents: formatNumber(documents, 0),
          files: formatNumber(files, 0),
          auditEntries: formatNumber(auditEntries, 0),
        })
      )}
      <span className="block pt-1 text-13 text-ink-2">
        {unsent.oldestAt === null
          ? i18n.t('told {date}, {time}', { date: formatDate(unsent.at), time: formatTime(unsent.at) })
          : i18n.t('told {date}, {time}; the oldest of {oldest}', {
              date: formatDate(unsent.at),
              time: formatTime(unsent.at),
              oldest: `${formatDate(unsent.oldestAt)}, ${formatTime(unsent.oldestAt)}`,
            })}
      </span>
    </>
  );
}

const SHAPES: Readonly<Record<FleetStation['alerts'][number]['severity'], MarkShape>> = {
  info: 'nothing',
  warn: 'care',
  fault: 'stopped',
};

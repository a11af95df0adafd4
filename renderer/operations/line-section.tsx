/** The line to the cloud and this computer's clock: what was measured, when, and the two things that can be done about it. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { SyncView } from '../../electron/contract/sync-status.ts';
import { Button } from '../kit/button.tsx';
import { formatNumber, THIN } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useMay } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
import { BandwidthDialog } from './bandwidth-dialog.tsx';
import { clockWords, formatSpeed, lineWords, receiptTime } from './sync-words.ts';

export function LineSection({ view, now }: { readonly view: SyncView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const maySet = useMay('operator', 'admin');
  const again = useCommand((client) => client.sync.tryNow);
  const [isOpen, setIsOpen] = useState(false);
  const { line, clock, bandwidth } = view;
  const said = lineWords(i18n, view, now);
  const clockSaid = clockWords(i18n, clock);
  return (
    <section aria-labelledby="sync-line">
      <h2 id="sync-line" className="sync-side-head">
        {line.state === 'not-configured' ? i18n.t('Cloud') : i18n.t('Line and clock')}
      </h2>
      <p className="sync-said">
        <StatusMark shape={said.shape} />
        <b>{said.text}</b>
      </p>
      {said.more === '' ? null : <p className="mt-1 text-ink-2">{said.more}</p>}
      {line.state === 'not-configured' ? null : (
        <>
          <dl className="pairs pairs-dense mt-3">
            <dt>{i18n.t('Cloud')}</dt>
            <dd>{line.host === null ? i18n.t('not known') : <bdi className="ident break-all">{line.host}</bdi>}</dd>
            <dt>{i18n.t('Last answer')}</dt>
            <dd>
              {line.lastContactAt === null
                ? i18n.t('none since the start')
                : line.roundTripMs === null
                  ? receiptTime(i18n, line.lastContactAt, now)
                  : i18n.t('{time}, after {wait}', {
                      time: receiptTime(i18n, line.lastContactAt, now),
                      wait: waitWords(line.roundTripMs),
                    })}
            </dd>
            <dt>{i18n.t('Clock')}</dt>
            <dd className="sync-said">
              <StatusMark shape={clockSaid.shape} />
              <span>
                {clockSaid.text}
                {clock.measuredAt === null ? null : (
                  <small>{i18n.t('measured {time}', { time: receiptTime(i18n, clock.measuredAt, now) })}</small>
                )}
              </span>
            </dd>
            <dt>{i18n.t('Sending')}</dt>
            <dd className="sync-speed">
              <bdi>{speedWords(i18n, bandwidth.measuredBytesPerSecond)}</bdi>
              <small>
                {bandwidth.limitBytesPerSecond === null
                  ? i18n.t('no limit')
                  : i18n.t('at most {speed}', { speed: formatSpeed(bandwidth.limitBytesPerSecond) })}
              </small>
            </dd>
          </dl>
          <div className="sync-buttons">
            <Button look="outlined" onPress={() => void again.run(undefined)} busy={again.busy} hotkey="t">
              {i18n.t('Try the line now')}
            </Button>
            {maySet ? (
              <Button look="outlined" onPress={() => setIsOpen(true)}>
                {i18n.t('Limit the speed')}
              </Button>
            ) : null}
          </div>
          {again.problem === null ? null : <InlineProblem problem={again.problem} />}
        </>
      )}
      {isOpen ? <BandwidthDialog limit={bandwidth.limitBytesPerSecond} onClose={() => setIsOpen(false)} /> : null}
    </section>
  );
}

function speedWords(i18n: I18n, measured: number | null): string {
  return measured === null ? i18n.t('nothing now') : formatSpeed(measured);
}

function waitWords(ms: number): string {
  return ms < 1000 ? `${formatNumber(ms, 0)}${THIN}ms` : `${formatNumber(ms / 1000, 1)}${THIN}s`;
}

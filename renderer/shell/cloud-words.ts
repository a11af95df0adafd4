/** What the station line and Today say of the line to the cloud. Pure. */
import type { I18n } from '@lingui/core';
import type { Problem } from '../../electron/contract/problems.ts';
import type { StationStatus } from '../../electron/contract/views.ts';
import { formatNumber, formatTime } from '../kit/format.ts';

export interface CloudWords {
  readonly title: string;
  readonly text: string;
  /** `away`: nothing is being sent now. `care`: it does not come right by itself. */
  readonly tone: 'calm' | 'away' | 'care';
}

/** For so long after it came back the line says since when it is there, in ms. */
const NEWLY_BACK_MS = 60 * 60_000;

/** @param now ms since 1970. */
export function cloudWords(
  i18n: I18n,
  { cloud, items }: Pick<StationStatus, 'cloud' | 'items'>,
  { demonstration, now }: { readonly demonstration: boolean; readonly now: number },
): CloudWords {
  const waiting = waitingWords(i18n, items);
  if (cloud.problem !== null && cloud.state !== 'not-configured') return refusedWords(i18n, cloud.problem, waiting);
  switch (cloud.state) {
    case 'not-configured':
      return {
        title: i18n.t('No cloud'),
        text: demonstration ? i18n.t('demonstration stays on this disk') : i18n.t('visits end on this station'),
        tone: 'away',
      };
    case 'offline':
      return {
        title:
          cloud.since === null ? i18n.t('Offline') : i18n.t('Offline since {time}', { time: formatTime(cloud.since) }),
        text: waiting,
        tone: 'away',
      };
    case 'captive':
      return { title: i18n.t('The network asks for a sign-in'), text: waiting, tone: 'away' };
    case 'degraded':
      return { title: i18n.t('The line answers slowly'), text: sendingWords(i18n, items), tone: 'calm' };
    case 'online': {
      const isNew = cloud.since !== null && now - Date.parse(cloud.since) < NEWLY_BACK_MS;
      return {
        title: isNew ? i18n.t('Online since {time}', { time: formatTime(cloud.since ?? '') }) : i18n.t('Online'),
        text: sendingWords(i18n, items),
        tone: 'calm',
      };
    }
    default:
      return cloud.state satisfies never;
  }
}

function waitingWords(i18n: I18n, { waiting, records }: StationStatus['items']): string {
  if (waiting > 0) {
    const count = waiting;
    const shown = formatNumber(waiting, 0);
    return i18n.t('{count, plural, one {{shown} item} other {{shown} items}} safe on this disk, waiting', {
      count,
      shown,
    });
  }
  if (records === 0) return i18n.t('nothing waits');
  const count = records;
  const shown = formatNumber(records, 0);
  return i18n.t('{count, plural, one {{shown} record} other {{shown} records}} safe on this disk, waiting', {
    count,
    shown,
  });
}

function sendingWords(i18n: I18n, { waiting, records, inCloud, verified: done }: StationStatus['items']): string {
  const verified = formatNumber(done, 0);
  if (waiting > 0) {
    const count = waiting;
    const shown = formatNumber(waiting, 0);
    return i18n.t('{count, plural, one {{shown} item} other {{shown} items}} on their way, {verified} verified', {
      count,
      shown,
      verified,
    });
  }
  if (records > 0) {
    const count = records;
    const shown = formatNumber(records, 0);
    return i18n.t('{count, plural, one {{shown} record} other {{shown} records}} on their way, {verified} verified', {
      count,
      shown,
      verified,
    });
  }
  if (inCloud > done) {
    const count = inCloud - done;
    const shown = formatNumber(count, 0);
    return i18n.t('{count, plural, one {{shown} item} other {{shown} items}} being compared, {verified} verified', {
      count,
      shown,
      verified,
    });
  }
  if (done === 0) return i18n.t('nothing to send yet');
  return i18n.t('{count, plural, one {the one item verified} other {all {verified} items verified}}', {
    count: done,
    verified,
  });
}

/** The cloud answers and does not take what we send. */
function refusedWords(i18n: I18n, { code }: Problem, waiting: string): CloudWords {
  switch (code) {
    case 'STATION_REFUSED':
      return { title: i18n.t('Cloud refuses this station'), text: i18n.t('nothing lost, operator told'), tone: 'care' };
    case 'UPDATE_NEEDED':
      return { title: i18n.t('Update needed to send'), text: waiting, tone: 'care' };
    case 'CLOUD_OLDER':
      return { title: i18n.t('The cloud is being updated'), text: waiting, tone: 'away' };
    default:
      return { title: i18n.t('The cloud takes nothing now'), text: waiting, tone: 'care' };
  }
}

/** Where everything is and how the line is, in words. Pure. Nothing is said that has no receipt. */
import type { I18n } from '@lingui/core';
import type { CollectionName } from '../../electron/contract/documents.ts';
import { PROTOCOLS } from '../../electron/contract/protocols.ts';
import type { QuarantineReason } from '../../electron/contract/sync.ts';
import type { ArtefactRow, CollectionSyncStatus, SyncView } from '../../electron/contract/sync-status.ts';
import { formatBytes, formatDate, formatDayMonth, formatNumber, formatPercent, formatTime } from '../kit/format.ts';
import type { MarkShape } from '../kit/marks.tsx';

export interface Said {
  readonly shape: MarkShape;
  readonly text: string;
}

/** `09:47:20` for today, with the date before it for another day. */
export function receiptTime(i18n: I18n, iso: string, now: number): string {
  if (formatDate(iso) === formatDate(new Date(now).toISOString())) return formatTime(iso, true);
  const isThisYear = new Date(iso).getFullYear() === new Date(now).getFullYear();
  return i18n.t('{date}, {time}', { date: isThisYear ? formatDayMonth(iso) : formatDate(iso), time: formatTime(iso) });
}

/** What an artefact is: `Retina, right eye, try 2`, `Report, version 2`. */
export function artefactWords(i18n: I18n, { artefact, stepId, attempt, visit }: ArtefactRow): string {
  if (artefact.kind === 'report') {
    return attempt === 1 ? i18n.t('Report') : i18n.t('Report, version {version}', { version: attempt });
  }
  const title = i18n._(stepTitle(visit.protocolId, stepId));
  const tried = attempt === 1 ? title : i18n.t('{title}, try {attempt}', { title, attempt });
  if (artefact.part === 'overlay') return i18n.t('{title}, map of vessels', { title: tried });
  if (artefact.kind === 'finding') return i18n.t('{title}, measured vessels', { title: tried });
  return tried;
}

function stepTitle(protocolId: string, stepId: string | null): string {
  const steps = PROTOCOLS[protocolId]?.steps ?? Object.values(PROTOCOLS).flatMap((protocol) => protocol.steps);
  return steps.find(({ id }) => id === stepId)?.title ?? stepId ?? '';
}

/** Who came, for those who may know it; otherwise when and where. */
export function visitWords(i18n: I18n, { visit, patient }: ArtefactRow, now: number): string {
  if (patient !== null) return `${patient.givenName} ${patient.familyName}`;
  const { startsAt, room } = visit;
  const isToday = formatDate(startsAt) === formatDate(new Date(now).toISOString());
  const time = isToday
    ? formatTime(startsAt)
    : i18n.t('{date}, {time}', { date: formatDayMonth(startsAt), time: formatTime(startsAt) });
  return room === '' ? time : i18n.t('{time}, {room}', { time, room });
}

export function onDeviceWords(i18n: I18n, { state, at }: ArtefactRow['onDevice']): Said {
  // Whether the shutter was released is not known: it is looked for there.
  if (state === 'only' && at === null) return { shape: 'todo', text: i18n.t('perhaps there') };
  const words = {
    none: { shape: 'nothing', text: i18n.t('no copy') },
    only: { shape: 'done', text: i18n.t('on card') },
    kept: { shape: 'done', text: i18n.t('kept') },
    cleared: { shape: 'nothing', text: i18n.t('cleared') },
  } as const satisfies Record<typeof state, Said>;
  return words[state];
}

export function onDiskWords(i18n: I18n, { state, at }: ArtefactRow['onDisk'], now: number): Said {
  switch (state) {
    case 'done':
      return { shape: 'done', text: at === null ? i18n.t('stored') : receiptTime(i18n, at, now) };
    case 'writing':
      return { shape: 'busy', text: i18n.t('writing') };
    case 'purged':
      return { shape: 'nothing', text: i18n.t('deleted here') };
    case 'damaged':
      return { shape: 'stopped', text: i18n.t('damaged') };
    case 'not-yet':
      return { shape: 'todo', text: i18n.t('not yet') };
    default:
      return state satisfies never;
  }
}

export function inCloudWords(i18n: I18n, { inCloud, size }: Pick<ArtefactRow, 'inCloud' | 'size'>, now: number): Said {
  const { state, at, sentBytes, position } = inCloud;
  // Rounded down: all of it is there only when the cloud says so.
  const percent = size === null || size === 0 ? null : Math.floor((100 * (sentBytes ?? 0)) / size);
  const share = percent === null ? '' : formatPercent(Math.min(99, percent));
  switch (state) {
    case 'done':
      return { shape: 'done', text: at === null ? i18n.t('there') : receiptTime(i18n, at, now) };
    case 'sending':
      return { shape: 'busy', text: percent === null ? i18n.t('sending') : share };
    case 'held':
      return { shape: 'aside', text: i18n.t('held') };
    case 'no-cloud':
      return { shape: 'nothing', text: i18n.t('no cloud here') };
    case 'queued':
    case 'not-yet':
      if (sentBytes !== null && sentBytes > 0 && percent !== null) {
        return { shape: 'todo', text: i18n.t('{share}, resumes', { share }) };
      }
      if (position === null) return { shape: 'todo', text: i18n.t('not yet') };
      return {
        shape: 'todo',
        text: i18n.t('{position, selectordinal, one {#st} two {#nd} few {#rd} other {#th}} in line', { position }),
      };
    default:
      return state satisfies never;
  }
}

export function verifiedWords(i18n: I18n, { state, at }: ArtefactRow['verified'], now: number): Said {
  switch (state) {
    case 'done':
      return { shape: 'done', text: at === null ? i18n.t('verified') : receiptTime(i18n, at, now) };
    case 'comparing':
      return { shape: 'busy', text: i18n.t('comparing') };
    case 'differs':
      return { shape: 'care', text: i18n.t('not the same') };
    case 'no-cloud':
      return { shape: 'nothing', text: i18n.t('no cloud here') };
    case 'not-yet':
      return { shape: 'todo', text: i18n.t('not yet') };
    default:
      return state satisfies never;
  }
}

/** Whether the cloud has acknowledged everything that this station has: artefacts, records, the audit trail. */
export function isAllVerified(view: SyncView): boolean {
  const { steps, unpushed, collections, needs, line } = view;
  return (
    line.state !== 'not-configured' &&
    line.problem === null &&
    needs.length === 0 &&
    steps.onlyOnDevice + steps.left.artefacts + steps.comparing + steps.differing === 0 &&
    unpushed.documents + unpushed.auditEntries + unpushed.files === 0 &&
    collections.every(({ quarantined }) => quarantined === 0)
  );
}

/** `6 to go, about 2 min`: time only while it is measured. */
export function leftWords(i18n: I18n, { line, steps }: SyncView): string {
  const { artefacts: count, bytes, seconds } = steps.left;
  if (count === 0) return i18n.t('nothing to go');
  const shown = formatNumber(count, 0);
  const size = formatBytes(bytes);
  if (line.state === 'offline' || line.state === 'captive' || line.problem !== null) {
    return i18n.t('{shown} to go, {size}, waiting', { shown, size });
  }
  if (seconds === null) return i18n.t('{shown} to go, {size}', { shown, size });
  return i18n.t('{shown} to go, {time}', { shown, time: aboutWords(i18n, seconds) });
}

/** A measured time, rounded up: `less than a minute`, `about 2 min`, `about 3 h`. */
export function aboutWords(i18n: I18n, seconds: number): string {
  if (seconds < 60) return i18n.t('less than a minute');
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return i18n.t('about {minutes} min', { minutes });
  return i18n.t('about {hours} h', { hours: formatNumber(Math.ceil(minutes / 60), 0) });
}

/** A time that has passed: `40 s`, `55 min`, `9 h 12 min`, `3 days`. */
export function spanWords(i18n: I18n, seconds: number): string {
  if (seconds < 60) return i18n.t('{seconds} s', { seconds: Math.floor(seconds) });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return i18n.t('{minutes} min', { minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return i18n.t('{hours} h {minutes} min', { hours, minutes: minutes % 60 });
  return i18n.t('{days} days', { days: formatNumber(Math.floor(hours / 24), 0) });
}

export interface LineWords extends Said {
  /** More than the state: what is being done about it, or what it means. */
  readonly more: string;
}

/** The line in a sentence. Offline is a state, never a fault. */
export function lineWords(i18n: I18n, { line }: Pick<SyncView, 'line'>, now: number): LineWords {
  const { state, since, offlineBeforeSeconds, problem } = line;
  const time = since === null ? '' : whenShort(i18n, since, now);
  const safe = i18n.t('Visits go on as usual. Everything is encrypted on this disk.');
  if (problem !== null && state !== 'not-configured') {
    switch (problem.code) {
      case 'STATION_REFUSED':
        return { shape: 'stopped', text: i18n.t('Cloud refuses this station'), more: safe };
      case 'UPDATE_NEEDED':
        return { shape: 'care', text: i18n.t('The cloud needs a newer program here'), more: safe };
      case 'CLOUD_OLDER':
        return { shape: 'absent', text: i18n.t('The cloud is being updated'), more: safe };
      default:
        return { shape: 'care', text: i18n.t('The cloud takes nothing now'), more: safe };
    }
  }
  switch (state) {
    case 'not-configured':
      return {
        shape: 'absent',
        text: i18n.t('No cloud'),
        more: i18n.t('Visits end on this station. Everything is encrypted on this disk.'),
      };
    case 'offline':
      return {
        shape: 'absent',
        text: since === null ? i18n.t('Offline') : i18n.t('Offline since {time}', { time }),
        more: i18n.t(
          'Visits go on as usual. Everything is encrypted on this disk and goes to the cloud by itself when the line is back.',
        ),
      };
    case 'captive':
      return {
        shape: 'absent',
        text: i18n.t('The network asks for a sign-in'),
        more: i18n.t('Somebody else than the cloud answers. Nothing was told to them; everything is on this disk.'),
      };
    case 'degraded':
      return {
        shape: 'busy',
        text: i18n.t('The line answers slowly.'),
        more: i18n.t('A new connection is being made.'),
      };
    case 'online':
      return {
        shape: 'done',
        text:
          since === null
            ? i18n.t('Online')
            : offlineBeforeSeconds === null
              ? i18n.t('Online since {time}', { time })
              : i18n.t('Line back since {time}, {span} offline before', {
                  time,
                  span: spanWords(i18n, offlineBeforeSeconds),
                }),
        more: '',
      };
    default:
      return state satisfies never;
  }
}

function whenShort(i18n: I18n, iso: string, now: number): string {
  const isToday = formatDate(iso) === formatDate(new Date(now).toISOString());
  return isToday ? formatTime(iso) : i18n.t('{date}, {time}', { date: formatDayMonth(iso), time: formatTime(iso) });
}

/** This computer's clock against the cloud's. */
export function clockWords(i18n: I18n, { state, offsetMs }: SyncView['clock']): Said {
  if (state === 'unknown' || offsetMs === null) return { shape: 'todo', text: i18n.t('not measured yet') };
  const by = Math.abs(offsetMs);
  const span =
    by < 60_000 ? i18n.t('{seconds} s', { seconds: formatNumber(by / 1000, 1) }) : spanWords(i18n, by / 1000);
  const text =
    offsetMs >= 0 ? i18n.t('{span} ahead of the cloud', { span }) : i18n.t('{span} behind the cloud', { span });
  return { shape: state === 'off' ? 'stopped' : 'done', text };
}

export function collectionWord(i18n: I18n, name: CollectionName): string {
  const words: Readonly<Record<CollectionName, string>> = {
    staff: i18n.t('Staff'),
    appointments: i18n.t('Appointments'),
    patients: i18n.t('Patients'),
    consents: i18n.t('Agreements'),
    sessions: i18n.t('Visits'),
    captures: i18n.t('Pictures'),
    findings: i18n.t('Findings'),
    reports: i18n.t('Reports'),
    devices: i18n.t('Devices'),
    calibrations: i18n.t('Calibrations'),
    alerts: i18n.t('Alerts'),
  };
  return words[name];
}

/** What a collection does now. */
export function collectionWords(
  i18n: I18n,
  { state, unpushed, lastPushedAt }: CollectionSyncStatus,
  now: number,
): Said {
  switch (state) {
    case 'stopped':
      return { shape: 'stopped', text: i18n.t('stopped') };
    case 'resyncing':
      return { shape: 'busy', text: i18n.t('reads again from the beginning') };
    case 'pulling':
      return { shape: 'busy', text: i18n.t('fetching') };
    case 'pushing':
      return { shape: 'busy', text: i18n.t('sending') };
    case 'waiting':
      return { shape: 'todo', text: i18n.t('waits for the line') };
    case 'settled':
      // Something was written since and is picked up in a moment.
      if (unpushed > 0) return { shape: 'todo', text: i18n.t('not yet') };
      return {
        shape: 'done',
        text:
          lastPushedAt === null
            ? i18n.t('nothing to send')
            : i18n.t('sent {time}', { time: receiptTime(i18n, lastPushedAt, now) }),
      };
    default:
      return state satisfies never;
  }
}

export function quarantineWords(i18n: I18n, reason: QuarantineReason): string {
  const words: Readonly<Record<QuarantineReason, string>> = {
    INVALID: i18n.t('The cloud does not know such a record.'),
    OUT_OF_SCOPE: i18n.t('It belongs to another clinic or location.'),
    TOO_LARGE: i18n.t('It is larger than the cloud takes.'),
    UNSTORABLE: i18n.t('It has a character that cannot be stored.'),
    CLOUD_FAILED: i18n.t('The cloud failed on it. It is asked again every hour.'),
  };
  return words[reason];
}

/** `1.4 MB/s`. */
export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

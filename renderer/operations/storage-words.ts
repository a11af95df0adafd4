/** What the station's storage and records are, in words. Pure. */
import type { I18n } from '@lingui/core';
import type { BackupInfo, MaintenanceJob, StorageView } from '../../electron/contract/maintenance.ts';
import type { Protocol } from '../../electron/contract/protocols.ts';
import { PROTOCOLS } from '../../electron/contract/protocols.ts';
import type { BlobUse, RetentionPolicy } from '../../electron/contract/storage.ts';
import { formatBytes, formatDate, formatDayMonth, formatNumber, formatTime } from '../kit/format.ts';
import type { MarkShape } from '../kit/marks.tsx';

export interface Said {
  readonly shape: MarkShape;
  readonly text: string;
}

/** `today 03:00`, `20 Nov, 03:00`, and with the year where it is another one. @param withSeconds where the minute would not tell it apart. */
export function whenWords(i18n: I18n, iso: string, now: number, withSeconds = false): string {
  const today = formatDate(new Date(now).toISOString());
  const date = formatDate(iso);
  const time = formatTime(iso, withSeconds);
  if (date === today) return i18n.t('today {time}', { time });
  const isThisYear = new Date(iso).getFullYear() === new Date(now).getFullYear();
  return i18n.t('{date}, {time}', { date: isThisYear ? formatDayMonth(iso) : date, time });
}

/** How far work has come, counted in what it counts. */
export function progressWords(i18n: I18n, { done, total, unit }: MaintenanceJob): string {
  if (unit === null) return i18n.t('under way');
  if (unit === 'bytes') {
    return total === null
      ? formatBytes(done)
      : i18n.t('{done} of {total}', { done: formatBytes(done), total: formatBytes(total) });
  }
  const counted = formatNumber(done, 0);
  const all = formatNumber(total ?? done, 0);
  const words = {
    tables: i18n.t('{counted} of {all} tables of the records', { counted, all }),
    files: i18n.t('{counted} of {all} files', { counted, all }),
    pages: i18n.t('{counted} of {all} pages', { counted, all }),
    entries: i18n.t('{counted} of {all} entries', { counted, all }),
  };
  return words[unit];
}

/** Whether a backup was read whole since it was made. Having been written is not it. */
export function readBackWords(i18n: I18n, backup: BackupInfo, now: number): Said {
  const { verified } = backup;
  if (verified === null) return { shape: 'todo', text: i18n.t('not read back yet') };
  const at = whenWords(i18n, verified.at, now);
  return verified.ok
    ? { shape: 'done', text: i18n.t('read back whole, {at}', { at }) }
    : { shape: 'stopped', text: i18n.t('damaged, found {at}', { at }) };
}

/** How the stored pictures are, as far as they have been read: what was stored since is not said to be as written. */
export function pictureWords(i18n: I18n, scrub: StorageView['scrub'], now: number): Said {
  const damaged = scrub.damaged.length;
  if (damaged > 0) {
    return {
      shape: 'stopped',
      text: i18n.t('{damaged, plural, one {# file is damaged} other {# files are damaged}}', { damaged }),
    };
  }
  // A tick is for what was read, and there is nothing to read.
  if (scrub.total === 0) return { shape: 'nothing', text: i18n.t('nothing to read') };
  if (scrub.lastCompleteAt === null) return { shape: 'todo', text: i18n.t('not all read yet') };
  const at = whenWords(i18n, scrub.lastCompleteAt, now);
  if (scrub.checked < scrub.total && scrub.state === 'resting') {
    const since = formatNumber(scrub.total - scrub.checked, 0);
    return { shape: 'todo', text: i18n.t('as written, {at}; {since} stored since, not read yet', { at, since }) };
  }
  return { shape: 'done', text: i18n.t('all as written, {at}', { at }) };
}

/**
 * How the database is, as far as its pages have been read: by the station itself, a round after each start and then one a day. A tick only
 * for what was read since the start: the file may have been changed while the station was stopped.
 */
export function recordWords(
  i18n: I18n,
  { checkedAt, checkedSinceStart, problem }: StorageView['store'],
  now: number,
): Said {
  if (problem !== null) {
    return { shape: 'stopped', text: i18n.t('damaged, found {at}', { at: whenWords(i18n, problem.at, now) }) };
  }
  if (checkedAt === null) return { shape: 'todo', text: i18n.t('not all read yet') };
  const at = whenWords(i18n, checkedAt, now);
  if (!checkedSinceStart) {
    return { shape: 'todo', text: i18n.t('not all read since this start; as written {at}, before it', { at }) };
  }
  return { shape: 'done', text: i18n.t('all as written, {at}', { at }) };
}

/**
 * What the last verification of the audit trail said. A tick only when it reached the end; the entry right after the verified ones is that
 * of the verification itself.
 */
export function trailWords(i18n: I18n, { sequence, verified }: StorageView['audit'], now: number): Said {
  if (verified === null) return { shape: 'todo', text: i18n.t('not verified yet') };
  const at = whenWords(i18n, verified.verifiedAt, now);
  if (!verified.ok) {
    const entry = formatNumber(verified.firstBad ?? 0, 0);
    return { shape: 'stopped', text: i18n.t('not whole from entry {entry}, {at}', { entry, at }) };
  }
  const entry = formatNumber(verified.entries, 0);
  const since = sequence - verified.entries;
  if (since > 1) {
    return {
      shape: 'todo',
      text: i18n.t('whole up to entry {entry}, {at}; {count} since, not verified yet', {
        entry,
        at,
        count: formatNumber(since, 0),
      }),
    };
  }
  return { shape: 'done', text: i18n.t('whole up to entry {entry}, {at}', { entry, at }) };
}

/** The rule in a sentence. */
export function policyWords(i18n: I18n, { keepDays, keepThumbnails }: RetentionPolicy): string {
  if (keepDays === null) return i18n.t('Pictures stay on this station.');
  return keepThumbnails
    ? i18n.t(
        '{keepDays, plural, one {# day} other {# days}} after a visit is closed, its large pictures are deleted here. Small ones stay, so that the visit can still be looked at.',
        { keepDays },
      )
    : i18n.t('{keepDays, plural, one {# day} other {# days}} after a visit is closed, its pictures are deleted here.', {
        keepDays,
      });
}

/** Which part of which visit a stored file is, without naming anybody: `Right eye, picture, visit 0000 0012`. */
export function fileWords(i18n: I18n, use: BlobUse): string {
  const parts = {
    image: i18n.t('picture'),
    thumbnail: i18n.t('small picture'),
    overlay: i18n.t('map of vessels'),
    pdf: i18n.t('report'),
    other: i18n.t('file'),
  };
  const step = use.stepId === null ? null : stepTitle(use.stepId);
  const visit = use.sessionId === null ? null : i18n.t('visit {id}', { id: shortId(use.sessionId) });
  return [step === null ? null : i18n._(step), parts[use.part], visit].filter((each) => each !== null).join(', ');
}

/** Enough of a visit's id to find it in a log or a copy of the trail. */
function shortId(id: string): string {
  return `${id.slice(0, 8)}…${id.slice(-4)}`;
}

function stepTitle(stepId: string): string | null {
  const protocols: readonly Protocol[] = Object.values(PROTOCOLS);
  return protocols.flatMap(({ steps }) => steps).find((step) => step.id === stepId)?.title ?? null;
}

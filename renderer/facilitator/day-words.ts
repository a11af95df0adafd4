/** Rows of a day in words and marks. Pure. */
import type { I18n } from '@lingui/core';
import { PROTOCOLS, stationIdOf } from '../../electron/contract/protocols.ts';
import { isClosed } from '../../electron/contract/status.ts';
import type { DayRow, OutlineRow, StepMark } from '../../electron/contract/views.ts';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import { DEVICE_MARKS, deviceStateWord } from '../kit/device-words.ts';
import { formatDate, formatTime, minutesBetween } from '../kit/format.ts';
import type { MarkShape, Tone } from '../kit/marks.tsx';
import { markOf } from './visit-steps.ts';

export type DayGroup = 'back' | 'here' | 'to-come' | 'done';

/** Sent back by a clinician, in the clinic, still to come, or done here today. */
export function groupOf(row: Pick<DayRow, 'status'>): DayGroup {
  switch (row.status) {
    case 'SCHEDULED':
      return 'to-come';
    case 'CHECKED_IN':
    case 'CAPTURING':
    case 'ANALYSING':
      return 'here';
    case 'REQUIRES_REVIEW':
      return 'back';
    case 'REVIEW':
    case 'COMPLETED':
    case 'FAILED':
    case 'CANCELLED':
      return 'done';
  }
}

/** Minutes after the appointed time from which somebody counts as late. */
const LATE_AFTER_MINUTES = 5;

export interface StateWords {
  readonly shape: MarkShape;
  readonly tone?: Tone;
  readonly text: string;
}

function lateWords(i18n: I18n, minutes: number): string {
  return minutes < 60
    ? i18n.t('Late {minutes} min', { minutes })
    : i18n.t('Late {hours} h {minutes} min', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

export function stateOf(i18n: I18n, row: OutlineRow | DayRow, nowMs: number): StateWords {
  // What somebody asks for comes before everything: this column stays where the screen is narrow.
  if (row.patientRequest === 'help') return { shape: 'care', text: i18n.t('Asks for help') };
  if (row.patientRequest === 'break') return { shape: 'care', text: i18n.t('Asks for a break') };
  if (row.pausedAt !== null && !isClosed(row.status)) return { shape: 'aside', tone: 'none', text: i18n.t('Paused') };
  switch (row.status) {
    case 'SCHEDULED': {
      const late = minutesBetween(row.startsAt, nowMs);
      return late > LATE_AFTER_MINUTES
        ? { shape: 'care', text: lateWords(i18n, late) }
        : { shape: 'todo', text: i18n.t('Expected') };
    }
    case 'CHECKED_IN':
      return { shape: 'done', text: i18n.t('Checked in') };
    case 'CAPTURING':
      return row.steps.some((step) => step.mark === 'care')
        ? { shape: 'care', text: i18n.t('Needs a retake') }
        : { shape: 'busy', text: i18n.t('Capturing') };
    case 'ANALYSING':
      return { shape: 'busy', text: i18n.t('Report being made') };
    case 'REVIEW':
      return { shape: 'todo', text: i18n.t('In review') };
    case 'REQUIRES_REVIEW':
      return { shape: 'care', text: i18n.t('Sent back') };
    case 'COMPLETED':
      return { shape: 'done', text: i18n.t('Approved') };
    case 'FAILED':
      return { shape: 'stopped', text: i18n.t('Stopped') };
    case 'CANCELLED':
      return { shape: 'nothing', text: i18n.t('Cancelled') };
  }
}

/** One note: allergies and access needs before anything else. */
export function noteOf(i18n: I18n, row: DayRow): string {
  const needs = [...row.patient.allergies.map((each) => allergyWord(i18n, each)), ...row.patient.accessNeeds];
  if (needs.length > 0) return needs.join(', ');
  if (row.note !== '') return row.note;
  const step = row.steps.find((each) => each.mark === 'now' || each.mark === 'care');
  if (row.status === 'CAPTURING' && step !== undefined)
    return [row.room, i18n._(step.title)].filter(Boolean).join(', ');
  if (row.status === 'CHECKED_IN' && row.checkedInAt !== null) {
    return i18n.t('In reception since {time}', { time: formatTime(row.checkedInAt) });
  }
  if (row.status === 'REVIEW') return i18n.t('Waits for a clinician');
  if (row.status === 'SCHEDULED' && row.lastWeight !== null) {
    return i18n.t('Last visit {date}', { date: formatDate(row.lastWeight.day) });
  }
  return '';
}

/** "Latex" as a note: "Latex allergy", unless the record already says so. */
export function allergyWord(i18n: I18n, allergy: string): string {
  return /allerg/i.test(allergy) ? allergy : i18n.t('{substance} allergy', { substance: allergy });
}

/** The marks of a row as people count steps: those of one group (four body photographs) are one. */
export function stationMarksOf(row: Pick<DayRow, 'protocolId' | 'steps'>): readonly StepMark['mark'][] {
  const stations = new Map<string, StepMark['mark'][]>();
  for (const { stepId, mark } of row.steps) {
    const step = PROTOCOLS[row.protocolId]?.steps.find((each) => each.id === stepId);
    const id = step === undefined ? stepId : stationIdOf(step);
    stations.set(id, [...(stations.get(id) ?? []), mark]);
  }
  return [...stations.values()].map((marks) => markOf(marks));
}

/** How many of these are over. */
export function doneOf(marks: readonly StepMark['mark'][]): number {
  return marks.filter((mark) => mark === 'done' || mark === 'skipped').length;
}

/** The row that staff should take next: who has waited longest, then who comes next. */
export function nextOf(rows: readonly DayRow[]): DayRow | null {
  const waiting = rows.filter((row) => row.status === 'CHECKED_IN');
  const first = waiting.sort((a, b) => (a.checkedInAt ?? '').localeCompare(b.checkedInAt ?? ''))[0];
  return first ?? rows.find((row) => row.status === 'SCHEDULED') ?? null;
}

/**
 * Whether a visit could begin in a room that is free. @param deviceIds of the room. @param devices as the station tells of them now; null
 * while it is away or has not told yet: what was last heard is not said to be so.
 */
export function roomWords(
  i18n: I18n,
  deviceIds: readonly string[],
  devices: readonly DeviceStatus[] | null,
): StateWords {
  if (deviceIds.length === 0) return { shape: 'nothing', text: i18n.t('No devices here') };
  const own = devices?.filter((device) => deviceIds.includes(device.deviceId)) ?? [];
  const troubled = own.find(({ state }) => state !== 'ready');
  if (troubled !== undefined) {
    return {
      shape: DEVICE_MARKS[troubled.state],
      text: i18n.t('{device}: {state}', { device: troubled.name, state: deviceStateWord(i18n, troubled.state) }),
    };
  }
  if (own.length < deviceIds.length) return { shape: 'absent', text: i18n.t('Devices: not known now') };
  return {
    shape: 'done',
    text: i18n.t('{count, plural, one {The device is ready} =2 {Both devices ready} other {All # devices ready}}', {
      count: own.length,
    }),
  };
}

export function fullName(patient: DayRow['patient']): string {
  return `${patient.givenName} ${patient.familyName}`;
}

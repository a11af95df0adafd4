/** Requests to the cloud's workflows, in words. Pure. Delivered is said only of what the cloud has answered. */
import type { I18n } from '@lingui/core';
import type { DiscardedRequest, OutboxLine, OutboxRow, OutboxView } from '../../electron/contract/outbox.ts';
import type { Refusal } from '../../electron/contract/workflows.ts';
import { REFUSALS } from '../../electron/contract/workflows.ts';
import { formatTime } from '../kit/format.ts';
import type { Said } from './sync-words.ts';
import { receiptTime } from './sync-words.ts';

/** How many of them need somebody: those a person decides about, and a station that is not accepted. */
export function outboxNeeds(view: OutboxView | undefined): number {
  if (view === undefined) return 0;
  const { counts, line } = view;
  return counts.returned + counts.dead + (line.state === 'refused' ? 1 : 0);
}

/** What is asked of the workflow. */
export function requestWords(i18n: I18n, kind: OutboxRow['kind']): string {
  const words: Readonly<Record<OutboxRow['kind'], string>> = {
    'session-start': i18n.t('Start the visit’s workflow'),
    'session-captured': i18n.t('All steps of the visit are done'),
    'session-review': i18n.t('Decision about the report'),
    'session-cancelled': i18n.t('The visit was cancelled'),
    'calibration-start': i18n.t('Follow a device’s calibration'),
    'calibration-measured': i18n.t('All readings of the calibration are made'),
    'calibration-cancelled': i18n.t('The calibration was given up'),
    'acceptance-start': i18n.t('Start the acceptance of this station'),
    'acceptance-cancelled': i18n.t('The acceptance was cancelled'),
  };
  return words[kind];
}

/** What it is about: of a visit when and where, never who. */
export function requestVisitWords(i18n: I18n, { kind, visit }: Pick<OutboxRow, 'kind' | 'visit'>, now: number): string {
  if (!kind.startsWith('session-')) return i18n.t('this station');
  if (visit === null) return i18n.t('a visit that is not known here');
  const time = receiptTime(i18n, visit.startsAt, now).replace(/:\d\d$/, '');
  return visit.room === '' ? time : i18n.t('{time}, {room}', { time, room: visit.room });
}

export function requestStateWords(i18n: I18n, row: OutboxRow, now: number): Said {
  switch (row.state) {
    case 'waiting':
      return { shape: 'todo', text: row.attempts === 0 ? i18n.t('waiting') : i18n.t('tried, goes again by itself') };
    case 'delivering':
      return { shape: 'busy', text: i18n.t('on its way') };
    case 'held':
      return {
        shape: 'aside',
        text:
          row.problem?.code === 'WORKFLOWS_UNATTENDED'
            ? i18n.t('held until somebody in the cloud works on it')
            : i18n.t('held until the cloud accepts this station'),
      };
    case 'delivered':
      return {
        shape: 'done',
        text: i18n.t('delivered {time}', { time: receiptTime(i18n, row.deliveredAt ?? row.createdAt, now) }),
      };
    case 'returned':
      return { shape: 'care', text: i18n.t('came back') };
    case 'dead':
      return {
        shape: 'stopped',
        text:
          row.problem?.code === 'REQUEST_OLD'
            ? i18n.t('from before the data were put back')
            : i18n.t('can not be sent as it is'),
      };
    default:
      return row.state satisfies never;
  }
}

/** Why a workflow did nothing of it; null: no such reason is known. */
export function refusalWords(i18n: I18n, { problem }: Pick<OutboxRow, 'problem'>): string | null {
  if (problem?.code !== 'REQUEST_REFUSED') return null;
  const words: Readonly<Record<Refusal, string>> = {
    INVALID: i18n.t('It is not what the workflow takes.'),
    REVIEWER_NOT_PERMITTED: i18n.t('Whoever decided may not decide about reports.'),
    REPORT_CHANGED: i18n.t('Another report is current than the one that was read.'),
    ALREADY_DECIDED: i18n.t('Somebody else had decided before.'),
    TOO_LATE: i18n.t('The workflow was past the point at which it could change anything.'),
  };
  const refusal = REFUSALS.find((each) => each === problem.detail);
  return refusal === undefined ? null : words[refusal];
}

/** When a request was given up, and who decided it. */
export function discardedWords(i18n: I18n, { discardedAt, discardedBy }: DiscardedRequest, now: number): string {
  const time = receiptTime(i18n, discardedAt, now);
  return discardedBy === null
    ? i18n.t('given up {time}, by somebody who is not known here', { time })
    : i18n.t('given up {time}, by {name}', { time, name: discardedBy });
}

/** Why somebody had to decide about a request that was then given up; null: it is not known. */
export function discardReasonWords(i18n: I18n, request: Pick<OutboxRow, 'problem'>): string | null {
  const { problem } = request;
  if (problem === null) return null;
  if (problem.code === 'REQUEST_REFUSED')
    return refusalWords(i18n, request) ?? i18n.t('The workflow did nothing of it.');
  if (problem.code === 'REQUEST_OLD') return i18n.t('It was from before the data were put back.');
  return i18n.t('It could not be sent as it was.');
}

/** The line to the workflows. Offline is a state, never a fault. */
export function outboxLineWords(i18n: I18n, { state, nextAt }: OutboxLine): Said {
  switch (state) {
    case 'not-configured':
      return { shape: 'absent', text: i18n.t('No workflows are set up any more; what is here waits.') };
    case 'unknown':
      return { shape: 'todo', text: i18n.t('Nothing was sent since the start.') };
    case 'reachable':
      return { shape: 'done', text: i18n.t('The workflows answer.') };
    case 'away':
      return {
        shape: 'absent',
        text:
          nextAt === null
            ? i18n.t('The workflows do not answer.')
            : i18n.t('The workflows do not answer. Tried again at {time}.', { time: formatTime(nextAt, true) }),
      };
    case 'refused':
      return { shape: 'stopped', text: i18n.t('The workflows do not accept this station.') };
    case 'waiting-for-keys':
      return { shape: 'aside', text: i18n.t('Waiting for the keys of the workflows. The cloud gives them by itself.') };
    default:
      return state satisfies never;
  }
}

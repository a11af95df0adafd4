/** A patient's progress in words and along the line. Pure: no numbers of theirs, no findings. */
import type { I18n } from '@lingui/core';
import type { PatientProgress } from '../../electron/contract/views.ts';
import { isolate } from './isolate.ts';

export interface Station {
  /** Where it lies on the line, 0-100. */
  readonly at: number;
  readonly mark: 'done' | 'here' | 'to-come';
}

const STATIONS = [0, 30, 50, 80, 100] as const;
/** A visit's progress from check-in to the last picture; between them the steps done lengthen the line. */
const CAPTURE_FROM = 10;
const CAPTURE_TO = 30;

/** The five stations. The first one that has not been reached is where one is. */
export function stationsOf(progress: number): readonly Station[] {
  const here = STATIONS.find((at) => at > progress);
  return STATIONS.map((at) => ({ at, mark: at <= progress ? 'done' : at === here ? 'here' : 'to-come' }));
}

/** How far the line is drawn, 0-100. */
export function lineOf(progress: Pick<PatientProgress, 'progress' | 'step' | 'state'>): number {
  const { step } = progress;
  if (progress.progress > CAPTURE_FROM) return progress.progress;
  if (step === null) return progress.state === 'running' ? CAPTURE_TO : progress.progress;
  return CAPTURE_FROM + ((step.position - 1) / step.total) * (CAPTURE_TO - CAPTURE_FROM);
}

export function stationName(i18n: I18n, at: number): readonly [first: string, second: string] {
  switch (at) {
    case 0:
      return [i18n.t('Checked in'), ''];
    case 30:
      return [i18n.t('Measuring'), i18n.t('and pictures')];
    case 50:
      return [i18n.t('Stored'), i18n.t('safely')];
    case 80:
      return [i18n.t('Results'), i18n.t('put together')];
    default:
      return [i18n.t('Checked by'), i18n.t('your clinician')];
  }
}

export interface NowWords {
  /** Over the title: where, or nothing. */
  readonly where: string;
  readonly title: string;
  readonly lead: string;
}

/** What heads the page. While a step runs its own title does. */
export function nowWords(i18n: I18n, progress: PatientProgress): NowWords {
  const { state, step, room } = progress;
  const where = room === '' ? i18n.t('Now') : i18n.t('Now, in {room}', { room: isolate(room) });
  switch (state) {
    case 'waiting':
      return {
        where: i18n.t('You are checked in'),
        title: i18n.t('Somebody will come for you.'),
        lead: i18n.t('Take a seat. You need not do anything else here.'),
      };
    case 'running':
      // Between the last step and the end there is no step, and nobody knows in which room.
      return step === null
        ? {
            where: i18n.t('Now'),
            title: i18n.t('All steps are done.'),
            lead: i18n.t('The team is finishing your visit.'),
          }
        : { where, title: i18n._(step.title), lead: '' };
    case 'repeating':
      return {
        where,
        title: step === null ? i18n.t('Your visit is under way.') : i18n._(step.title),
        lead: i18n.t('We take this one again, it did not come out clear. That happens often.'),
      };
    case 'break':
      return {
        where: i18n.t('A break'),
        title: i18n.t('Take the time you need.'),
        lead: i18n.t('Tell the person with you when you want to go on. Everything so far is kept.'),
      };
    case 'help-coming':
      return {
        where: i18n.t('Help'),
        title: i18n.t('Somebody is coming to you.'),
        lead: i18n.t('The team has been told. Nothing goes on until you are ready.'),
      };
    case 'finished-here':
      return {
        where: i18n.t('Finished here'),
        title: i18n.t('You can go home.'),
        lead: i18n.t('Your clinician looks at everything next.'),
      };
    case 'approved':
      return {
        where: i18n.t('All done'),
        title: i18n.t('Your clinician has looked at everything.'),
        lead: i18n.t('Ask at the desk for your report.'),
      };
    default:
      return {
        where: '',
        title: i18n.t('We stop here today.'),
        lead: i18n.t('The person at the desk tells you what happens next.'),
      };
  }
}

/** Beside the heading of the line. */
export function soFarWords(i18n: I18n, progress: PatientProgress): string {
  const { state, step } = progress;
  if (state === 'stopped') return i18n.t('Your visit has ended for today.');
  if (state === 'approved') return i18n.t('Everything is done.');
  if (state === 'finished-here' || (state === 'running' && step === null)) return i18n.t('All steps are done.');
  if (step === null) return i18n.t('Your agreement is stored.');
  return i18n.t('This is step {position} of {total}.', { position: step.position, total: step.total });
}

/** Whether asking for a break has a meaning now. */
export function mayBreak(state: PatientProgress['state']): boolean {
  return state === 'running' || state === 'repeating';
}

/** Whether there is anybody's help to ask for from here. */
export function mayAskForHelp(state: PatientProgress['state']): boolean {
  return state === 'waiting' || state === 'running' || state === 'repeating' || state === 'break';
}

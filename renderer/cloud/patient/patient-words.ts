/** What a patient is told of a visit, and why each step is taken: fixed sentences, nothing of what was measured or found. Pure. */
import type { I18n } from '@lingui/core';
import type { TimelineVisit } from '../../../electron/contract/timeline.ts';

export interface VisitWords {
  readonly title: string;
  readonly lead: string;
}

export function visitWords(i18n: I18n, { state, reached, report }: TimelineVisit): VisitWords {
  switch (state) {
    case 'planned':
      return {
        title: i18n.t('Your visit is planned.'),
        lead: i18n.t('Once you are at the clinic, you see here how it goes on.'),
      };
    case 'held':
      return {
        title: i18n.t('The clinic has something to do again.'),
        lead: i18n.t('You need not do anything. They get in touch should they need you.'),
      };
    case 'stopped':
      return {
        title: i18n.t('This visit ended early.'),
        lead: i18n.t('The clinic can tell you what happens next.'),
      };
    case 'done':
      return report === 'ready'
        ? { title: i18n.t('Your report is ready.'), lead: i18n.t('Your clinician has looked at everything.') }
        : {
            title: i18n.t('Your clinician has looked at everything.'),
            lead: i18n.t('Ask at the desk for your report.'),
          };
    default:
      return goingOnWords(i18n, reached);
  }
}

function goingOnWords(i18n: I18n, reached: TimelineVisit['reached']): VisitWords {
  switch (reached) {
    case 0:
      return {
        title: i18n.t('You are checked in.'),
        lead: i18n.t('The clinic measures and takes pictures now.'),
      };
    case 30:
      return {
        title: i18n.t('Measuring and pictures are done.'),
        lead: i18n.t('Everything is being stored safely.'),
      };
    case 50:
      return {
        title: i18n.t('Everything is stored safely.'),
        lead: i18n.t('Your results are being put together.'),
      };
    default:
      return {
        title: i18n.t('Your results are put together.'),
        lead: i18n.t('Your clinician looks at them next.'),
      };
  }
}

/** Why the step that is under way is taken, by what has been reached. */
export function whyWords(i18n: I18n, { state, reached, report }: TimelineVisit): VisitWords {
  switch (state) {
    case 'planned':
      return {
        title: i18n.t('Good to know'),
        lead: i18n.t('Nothing is measured or photographed before you are ready.'),
      };
    case 'held':
      return {
        title: i18n.t('Why this step'),
        lead: i18n.t('Now and then a picture is taken again or a report is written anew. That says nothing about you.'),
      };
    case 'stopped':
      return {
        title: i18n.t('What happens to it'),
        lead: i18n.t('What was measured so far is kept safely in this clinic. You can ask about it at the desk.'),
      };
    case 'done':
      return {
        title: i18n.t('Your report'),
        lead:
          report === 'ready'
            ? i18n.t('It shows what was measured. Your clinic answers your questions about it.')
            : i18n.t('It is ready. The desk gives it to you and answers your questions about it.'),
      };
    default:
      return { title: i18n.t('Why this step'), lead: goingOnWhy(i18n, reached) };
  }
}

function goingOnWhy(i18n: I18n, reached: TimelineVisit['reached']): string {
  switch (reached) {
    case 0:
      return i18n.t('Measures and pictures show your clinician how you are today. You can stop at any time.');
    case 30:
      return i18n.t('Your pictures are copied to a second safe place and compared, so that nothing is lost.');
    case 50:
      return i18n.t('What was measured is put on a few pages, so that it can be read in one go.');
    default:
      return i18n.t('A person has the last word: nobody gives you a report that your clinician has not read.');
  }
}

/** In a row of the list: one short word for where it is. */
export function rowWord(i18n: I18n, { state, report }: TimelineVisit): string {
  switch (state) {
    case 'planned':
      return i18n.t('planned');
    case 'held':
      return i18n.t('waits for the clinic');
    case 'stopped':
      return i18n.t('ended early');
    case 'done':
      return report === 'ready' ? i18n.t('report ready') : i18n.t('report at the desk');
    default:
      return i18n.t('goes on');
  }
}

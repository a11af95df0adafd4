/** Where a patient is on this screen. Pure: what leads from one place to the next, and what is forgotten on the way back. */
import type { CheckinMatch } from '../../electron/contract/views.ts';

export type Place =
  | { readonly at: 'welcome'; readonly note: 'start-again' | null }
  | { readonly at: 'code'; readonly typed: string }
  | { readonly at: 'name' }
  /** "Is this you?" The ticket stands for this visit on this screen. */
  | { readonly at: 'match'; readonly match: CheckinMatch; readonly ticket: string }
  | { readonly at: 'consent'; readonly givenName: string; readonly ticket: string }
  | { readonly at: 'progress'; readonly givenName: string; readonly ticket: string };

export const WELCOME: Place = { at: 'welcome', note: null };

/** The ticket that is given back when this place is left for the start; null where nobody has been found yet. */
export function ticketOf(place: Place): string | null {
  return 'ticket' in place ? place.ticket : null;
}

/** After "Yes, this is me": sign first, or straight to the visit. */
export function afterConfirm(
  ticket: string,
  answer: { readonly givenName: string; readonly needsConsent: boolean },
): Place {
  return { at: answer.needsConsent ? 'consent' : 'progress', givenName: answer.givenName, ticket };
}

export type IdleStage = 'used' | 'ask' | 'reset' | 'dim';

const ASK_AFTER_SECONDS = 30;
/** At least 20 s to answer (WCAG 2.2.1). */
const RESET_AFTER_SECONDS = 50;
const DIM_AFTER_SECONDS = 60;
/** Somebody who reads the whole text touches nothing for longer. */
const READING_FACTOR = 4;

/**
 * What follows when nobody has touched the screen for `seconds`. The start dims, the visit itself stays, everything between
 * asks and goes back to the start.
 */
export function idleStage(place: Place['at'], seconds: number, reading = false): IdleStage {
  if (place === 'welcome') return seconds >= DIM_AFTER_SECONDS ? 'dim' : 'used';
  if (place === 'progress') return 'used';
  const factor = reading ? READING_FACTOR : 1;
  if (seconds >= RESET_AFTER_SECONDS + ASK_AFTER_SECONDS * (factor - 1)) return 'reset';
  return seconds >= ASK_AFTER_SECONDS * factor ? 'ask' : 'used';
}

/** Seconds until the reset, for "Are you still there?". */
export function secondsToReset(seconds: number, reading = false): number {
  const reset = RESET_AFTER_SECONDS + ASK_AFTER_SECONDS * ((reading ? READING_FACTOR : 1) - 1);
  return Math.max(0, Math.ceil(reset - seconds));
}

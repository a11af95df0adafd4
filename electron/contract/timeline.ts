/**
 * A patient's own visits as they follow them from elsewhere: how far each has come, in five stations, and the report once it is published.
 * No numbers of theirs, no findings, nobody's name but their own.
 */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import type { Session } from './documents.ts';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';
import { progressOf } from './status.ts';

/** Stations of a visit's line: checked in, measured, stored, put together, checked by a clinician. By progress, 0-100. */
export const VISIT_STATIONS = [0, 30, 50, 80, 100] as const;
export type VisitStation = (typeof VISIT_STATIONS)[number];

/** The last station that has been reached. */
export function stationReached(progress: number): VisitStation {
  return VISIT_STATIONS.findLast((at) => at <= progress) ?? 0;
}

export const timelineVisitSchema = z.object({
  visitId: z.uuid(),
  day: z.iso.date(),
  /** Name of the location; empty where it is not known. */
  place: z.string(),
  /** `held`: it waits for the clinic, which has something to do again; `stopped`: it ended early. */
  state: z.enum(['planned', 'going-on', 'held', 'done', 'stopped']),
  reached: z.literal(VISIT_STATIONS),
  /** `at-clinic`: the visit was finished in the clinic, which gives the report out itself; `ready`: it can be opened here. */
  report: z.enum(['none', 'at-clinic', 'ready']),
});
export type TimelineVisit = z.infer<typeof timelineVisitSchema>;

export const timelineSchema = z.object({
  /** Empty where the clinic's record of the person has not arrived. */
  givenName: z.string(),
  /** The newest first. */
  visits: z.array(timelineVisitSchema),
});
export type Timeline = z.infer<typeof timelineSchema>;

/** @param published whether a report of this visit was published */
export function timelineVisitOf(session: Session, place: string, published: boolean): TimelineVisit {
  const progress = progressOf(session);
  return {
    visitId: session.id,
    day: session.day,
    place,
    state: stateOf(session, progress),
    reached: stationReached(progress),
    report: published ? 'ready' : progress === 100 && session.endsLocally ? 'at-clinic' : 'none',
  };
}

function stateOf({ status }: Session, progress: number): TimelineVisit['state'] {
  switch (status) {
    case 'SCHEDULED':
      return 'planned';
    case 'CANCELLED':
      return 'stopped';
    case 'FAILED':
    case 'REQUIRES_REVIEW':
      return 'held';
    default:
      return progress === 100 ? 'done' : 'going-on';
  }
}

export const timelineContract = {
  /** The visits of the patient who asks. The first look at each is recorded. */
  watch: procedure('patient').output(eventIterator(timelineSchema)),
  /**
   * Where the published report of a visit can be read for a few minutes. Recorded. NOT_FOUND when none is published, NOT_IN_CLOUD_YET when
   * its file has not arrived.
   */
  openReport: procedure('patient')
    .input(z.object({ visitId: z.uuid() }))
    .output(z.object({ path: z.string(), mediaType: z.string(), size: z.number(), expiresAt: z.iso.datetime() })),
} as const satisfies RoledContract;

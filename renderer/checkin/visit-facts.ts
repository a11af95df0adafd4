/** What check-in may promise before it knows who is there: the longest of the clinic's visits. */
import { PROTOCOLS, stationIdsOf } from '../../electron/contract/protocols.ts';

export interface VisitFacts {
  readonly minutes: number;
  /** As people count them: steps of one group (four body photographs) are one. */
  readonly steps: number;
}

export function longestVisit(): VisitFacts {
  const visits = Object.values(PROTOCOLS).map(({ steps }) => ({
    minutes: steps.reduce((sum, step) => sum + step.expectedMinutes, 0),
    steps: stationIdsOf(steps).length,
  }));
  return {
    minutes: Math.max(...visits.map((visit) => visit.minutes)),
    steps: Math.max(...visits.map((visit) => visit.steps)),
  };
}

/** Captures as a day of visits leaves them, of a place and a round of their own. */
import { derivedId } from '../../../electron/contract/index.ts';
import type { Draft } from '../../../electron/core/store/index.ts';
import { CAPTURES_PER_VISIT, visitOf } from '../store/clinic-data.ts';
import type { BenchPlace } from './real-cloud.ts';

/** @param round whose ids are its own: the cloud knows none of them */
export function capturesOf(count: number, round: number, { tenantId, locationId }: BenchPlace): Draft<'captures'>[] {
  const visits = Math.ceil(count / CAPTURES_PER_VISIT);
  return Array.from({ length: visits }, (_, index) => visitOf(index, visits).captures)
    .flat()
    .slice(0, count)
    .map((capture) => ({ ...capture, tenantId, locationId, id: derivedId('bench', 'round', round, capture.id) }));
}

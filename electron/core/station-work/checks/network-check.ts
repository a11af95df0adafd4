/** Whether the cloud answers this station, and whether the two agree about the time. */
import type { Sync } from '../../sync/index.ts';
import type { Finding } from './outcome.ts';
import { findingOf, part } from './outcome.ts';

export async function checkNetwork(sync: Pick<Sync, 'isEnrolled' | 'state'>): Promise<Finding> {
  if (!sync.isEnrolled) return findingOf([part('cloud', 'NOT_ENROLLED', false)]);
  const { line, clock } = await sync.state();
  const isOnline = line.state === 'online' && line.problem === null;
  const cloud = part('cloud', isOnline ? null : (line.problem?.code ?? 'CLOUD_AWAY'));
  const time =
    clock.state === 'unknown'
      ? part('clock', 'CLOCK_UNKNOWN', false)
      : part('clock', clock.state === 'off' ? 'CLOCK_OFF' : null);
  return findingOf(
    [cloud, time],
    [
      ...(line.roundTripMs === null
        ? []
        : [{ name: 'roundTrip', value: Math.round(line.roundTripMs), unit: 'ms' as const }]),
      ...(clock.offsetMs === null
        ? []
        : [{ name: 'clockOffset', value: Math.round(clock.offsetMs), unit: 'ms' as const }]),
    ],
  );
}

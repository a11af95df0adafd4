/** The staff router's part for enrolling the station. */
import type { Role } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { ClinicParts } from '../clinic-parts.ts';
import type { CallContext } from './guard.ts';
import { actorOf } from './guard.ts';
import type { StaffImplementer } from './staff-implementer.ts';

/** Who takes a station that has its people somewhere else, or back into the cloud. */
const ENROLLING: readonly Role[] = ['operator', 'admin'];

export function createEnrolmentRouter(
  os: StaffImplementer['enrolment'],
  parts: Pick<ClinicParts, 'access' | 'enrolment' | 'station' | 'mode'>,
) {
  const { access, enrolment, station, mode } = parts;

  /** As long as nobody can sign in, whoever has the code does it. */
  async function isOpen(): Promise<boolean> {
    return mode === 'clinic' && !enrolment.isEnrolled && (await access.people()).length === 0;
  }

  async function enrolledBy({ signIn, ...context }: CallContext): Promise<{ actorId: string; role: string }> {
    if (signIn.actor === null && (await isOpen())) return { actorId: station.stationId, role: 'station' };
    const actor = actorOf({ signIn, ...context });
    if (!actor.roles.some((role) => (ENROLLING as readonly string[]).includes(role))) {
      throw new VantageError('NOT_ALLOWED');
    }
    return { actorId: actor.staffId, role: actor.roles.join(',') };
  }

  return {
    state: os.state.handler(async () => ({
      enrolled: enrolment.isEnrolled,
      open: await isOpen(),
      address: enrolment.address,
    })),
    enrol: os.enrol.handler(async ({ context, input }) => {
      await enrolment.enrol(input, await enrolledBy(context));
      const { clinicName, locationName, stationName } = station;
      return { clinicName, locationName, stationName };
    }),
  };
}

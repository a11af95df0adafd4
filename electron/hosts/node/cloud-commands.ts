/** How a clinic that is not running comes to the cloud, for those who set up many stations or have no screen. */
import { VantageError } from '../../contract/index.ts';
import { stationIdentity, stationIdOf } from '../../core/station.ts';
import type { StationIdentity } from '../../core/station.ts';
import { openStore } from '../../core/store/index.ts';
import type { Store } from '../../core/store/index.ts';
import { systemClock } from '../../core/sync/clock.ts';
import { readAccount, wantRotation } from '../../core/sync/cloud-account.ts';
import { enrol } from '../../core/sync/enrolment.ts';
import { cloudSettings } from '../../services/cloud-settings.ts';
import type { ClinicCommand, CommandContext } from './clinic-commands.ts';

/** By the word that is typed. */
export const CLOUD_COMMANDS: Readonly<Record<string, ClinicCommand>> = {
  enrol: { summary: '--address URL --code CODE: lets this station into a clinic of the cloud', run: runEnrol },
  'renew-cloud-key': {
    summary: 'has the station get another key at the cloud, when it is online next',
    run: renewKey,
  },
};

async function runEnrol(context: CommandContext): Promise<number> {
  const { directory, mode, address, say } = context;
  if (address === null) throw new VantageError('INPUT_INVALID', '--address is missing', { field: 'address' });
  const code = context.code();
  await withStore(context, async (store, station) => {
    const { allowHttp } = cloudSettings(process.env);
    const by = { actorId: stationIdOf(directory), role: 'command' };
    await enrol({ store, station, mode, clock: systemClock, allowHttp }, { address, code }, by);
    say(
      `This station belongs to ${station.clinicName}, ${station.locationName}. Its people arrive when it is started.`,
    );
  });
  return 0;
}

async function renewKey(context: CommandContext): Promise<number> {
  await withStore(context, async (store) => {
    if (readAccount(store.sqlite) === null) throw new VantageError('NOT_FOUND', 'this station is not enrolled');
    wantRotation(store.sqlite, context.now().toISOString());
    context.say('The station gets another key at the cloud when it is online next.');
  });
  return 0;
}

async function withStore(
  { directory, mode, masterKey, now }: CommandContext,
  work: (store: Store, station: StationIdentity) => Promise<void>,
): Promise<void> {
  const key = await masterKey();
  const stationId = stationIdOf(directory);
  const store = await openStore({ directory, key, now: () => now().getTime(), stationId });
  try {
    const { found } = store.anchored;
    if (found !== null) throw new VantageError(found.code, 'start the station and look at it first');
    await work(store, stationIdentity(store, mode, stationId));
  } finally {
    await store.close();
  }
}

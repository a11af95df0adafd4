/** The staff router's part for the way to the cloud, thin over `SyncReader`. */
import type { ArtefactPage, ArtefactQuery, SyncView } from '../../contract/index.ts';
import { VISIT_ROLES } from '../../contract/index.ts';
import type { ClinicParts } from '../clinic-parts.ts';
import { artefactPage } from '../sync/artefacts.ts';
import type { CallContext } from './guard.ts';
import { actorOf } from './guard.ts';
import type { RecordShown } from './shown.ts';
import type { StaffImplementer } from './staff-implementer.ts';

const OK = { ok: true } as const;

/** Of the staff router: end when the reader goes away, and with NOT_SIGNED_IN when the screen locks. */
interface SyncStreams {
  view(context: CallContext, signal: AbortSignal | undefined): AsyncGenerator<SyncView, void, void>;
  artefacts(
    context: CallContext,
    signal: AbortSignal | undefined,
    compute: () => Promise<ArtefactPage>,
  ): AsyncGenerator<ArtefactPage, void, void>;
}

export function createSyncRouter(
  os: StaffImplementer['sync'],
  parts: Pick<ClinicParts, 'store' | 'sync' | 'audit'> & {
    readonly station: Pick<ClinicParts['station'], 'stationId' | 'locationId'>;
    readonly sources: Pick<ClinicParts['sources'], 'lostBlobs'>;
  },
  shown: RecordShown,
  streams: SyncStreams,
) {
  const { store, sync, audit, station, sources } = parts;

  async function page(context: CallContext, query: ArtefactQuery): Promise<ArtefactPage> {
    const { roles } = actorOf(context);
    const withNames = VISIT_ROLES.some((role) => roles.includes(role));
    const named = await artefactPage({ store, sync, lostBlobs: sources.lostBlobs }, query, withNames);
    // Recorded before it is shown.
    await shown(context, 'patient.in-sync-list', named.patientIds);
    return named.page;
  }

  return {
    watch: os.watch.handler(({ context, signal }) => streams.view(context, signal)),
    artefacts: os.artefacts.handler(async ({ context, input, signal }) => {
      await audit(actorOf(context), 'artefacts.read', 'location', station.locationId);
      return streams.artefacts(context, signal, () => page(context, input));
    }),
    tryNow: os.tryNow.handler(async ({ context }) => {
      await audit(actorOf(context), 'sync.tried', 'station', station.stationId);
      sync.tryNow();
      return OK;
    }),
    resend: os.resend.handler(async ({ context, input }) => {
      await sync.resend(input);
      await audit(actorOf(context), 'artefact.resent', input.kind, input.id);
      return OK;
    }),
    setBandwidth: os.setBandwidth.handler(async ({ context, input }) => {
      await sync.setBandwidth(input.limitBytesPerSecond);
      await audit(actorOf(context), 'sync.bandwidth-set', 'station', station.stationId);
      return OK;
    }),
  };
}

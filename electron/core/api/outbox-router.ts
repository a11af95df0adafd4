/** The staff router's part for requests to the cloud's workflows, thin over `StationOutbox`. */
import type { OutboxView } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { Access, Actor } from '../access/access.ts';
import type { ClinicParts } from '../clinic-parts.ts';
import type { OutboxDecider } from '../outbox/outbox.ts';
import type { CallContext } from './guard.ts';
import { actorOf } from './guard.ts';
import type { StaffImplementer } from './staff-implementer.ts';

const OK = { ok: true } as const;

/** @param stream of the staff router: ends when the reader goes away, and with NOT_SIGNED_IN when the screen locks. */
export function createOutboxRouter(
  os: StaffImplementer['outbox'],
  parts: Pick<ClinicParts, 'outbox' | 'audit'> & {
    readonly access: Pick<Access, 'confirm'>;
    readonly station: Pick<ClinicParts['station'], 'stationId'>;
  },
  stream: (context: CallContext, signal: AbortSignal | undefined) => AsyncGenerator<OutboxView, void, void>,
) {
  const { outbox, access, audit, station } = parts;

  /** Locked, or taken over by somebody else, while the PIN was being checked: then nobody has decided it. */
  async function signed(context: CallContext, pin: string): Promise<OutboxDecider> {
    const actor: Actor = actorOf(context);
    await access.confirm(actor, pin);
    if (context.signIn.signal.aborted) throw new VantageError('NOT_SIGNED_IN');
    return { actorId: actor.staffId, role: actor.roles.join(',') };
  }

  return {
    watch: os.watch.handler(({ context, signal }) => stream(context, signal)),
    tryNow: os.tryNow.handler(async ({ context }) => {
      await audit(actorOf(context), 'outbox.tried', 'station', station.stationId);
      outbox.tryNow();
      return OK;
    }),
    retry: os.retry.handler(async ({ context, input }) => {
      await outbox.retry(input.id, await signed(context, input.pin));
      return OK;
    }),
    discard: os.discard.handler(async ({ context, input }) => {
      await outbox.discard(input.id, await signed(context, input.pin));
      return OK;
    }),
  };
}

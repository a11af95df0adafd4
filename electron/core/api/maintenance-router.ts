/** The staff router's part for storage and records, thin over `Maintenance`. */
import type { CallContext } from './guard.ts';
import { actorOf } from './guard.ts';
import { VantageError } from '../../contract/index.ts';
import type { Access, Actor } from '../access/access.ts';
import type { Maintenance } from '../maintenance/maintenance.ts';
import type { StorageView } from '../../contract/index.ts';
import type { StaffImplementer } from './staff-implementer.ts';

const OK = { ok: true } as const;

/** @param access for what is asked the PIN for. @param stream of the staff router: ends when the reader goes away, and with NOT_SIGNED_IN when the screen locks. */
export function createMaintenanceRouter(
  os: StaffImplementer['maintenance'],
  maintenance: Maintenance,
  access: Pick<Access, 'confirm'>,
  stream: (context: CallContext, signal: AbortSignal | undefined) => AsyncGenerator<StorageView, void, void>,
) {
  /** Locked, or taken over by somebody else, while the PIN was being checked: then nobody has confirmed it. */
  async function confirmed(context: CallContext, pin: string): Promise<Actor> {
    const actor = actorOf(context);
    await access.confirm(actor, pin);
    if (context.signIn.signal.aborted) throw new VantageError('NOT_SIGNED_IN');
    return actor;
  }

  return {
    watch: os.watch.handler(({ context, signal }) => stream(context, signal)),
    backUp: os.backUp.handler(({ context }) => {
      maintenance.backUp(actorOf(context));
      return OK;
    }),
    checkBackup: os.checkBackup.handler(async ({ context, input }) => {
      await maintenance.checkBackup(actorOf(context), input.name);
      return OK;
    }),
    checkPictures: os.checkPictures.handler(({ context }) => {
      maintenance.checkPictures(actorOf(context));
      return OK;
    }),
    checkRecords: os.checkRecords.handler(({ context }) => {
      maintenance.checkRecords(actorOf(context));
      return OK;
    }),
    checkAudit: os.checkAudit.handler(({ context }) => {
      maintenance.checkAudit(actorOf(context));
      return OK;
    }),
    copyAudit: os.copyAudit.handler(({ context, input }) => {
      maintenance.copyAudit(actorOf(context), input);
      return OK;
    }),
    cancel: os.cancel.handler(async ({ context, input }) => {
      await maintenance.cancel(actorOf(context), input.kind);
      return OK;
    }),
    previewRetention: os.previewRetention.handler(() => maintenance.previewRetention()),
    setRetention: os.setRetention.handler(async ({ context, input }) => {
      await maintenance.setRetention(actorOf(context), input);
      return OK;
    }),
    runRetention: os.runRetention.handler(({ context }) => {
      maintenance.runRetention(actorOf(context));
      return OK;
    }),
    changeKey: os.changeKey.handler(async ({ context, input }) => {
      await maintenance.changeKey(await confirmed(context, input.pin));
      return OK;
    }),
    setRecovery: os.setRecovery.handler(async ({ context, input }) => {
      await maintenance.setRecovery(await confirmed(context, input.pin), input.passphrase);
      return OK;
    }),
    confirmStore: os.confirmStore.handler(async ({ context }) => {
      await maintenance.confirmStore(actorOf(context));
      return OK;
    }),
  };
}

/** The outbox as the clinic has it. Without workflows nothing is sent; what is there from before waits and is shown. */
import type { OutboxView, Problem } from '../../contract/index.ts';
import type { Log, WorkflowSettings } from '../clinic-api.ts';
import type { StationIdentity } from '../station.ts';
import { keepWorkflowsConfigured } from '../station.ts';
import type { Store } from '../store/index.ts';
import type { SyncClock } from '../sync/clock.ts';
import { systemClock } from '../sync/clock.ts';
import type { OutboxDecider } from './outbox.ts';
import { Outbox } from './outbox.ts';
import { outboxProblems, outboxView } from './outbox-view.ts';
import { stationSettings } from './station-settings.ts';
import { TemporalSender } from './temporal-sender.ts';

export interface StationOutboxOptions {
  readonly store: Store;
  /** The one that the whole clinic holds: what is configured is kept in it. */
  readonly station: StationIdentity;
  readonly mode: 'demonstration' | 'clinic';
  readonly settings: WorkflowSettings | null;
  readonly log: Log;
  readonly changed: () => void;
  readonly clock?: SyncClock;
  readonly random?: () => number;
}

export interface StationOutbox {
  /** Cheap enough to be asked after each change. */
  view(): Promise<OutboxView>;
  /** For the station line. */
  readonly problems: readonly Problem[];
  start(): void;
  tryNow(): void;
  /** @throws VantageError STATUS_CONFLICT: there is nothing to decide about it any more */
  retry(id: string, by: OutboxDecider): Promise<void>;
  /** @throws VantageError STATUS_CONFLICT */
  discard(id: string, by: OutboxDecider): Promise<void>;
  close(): Promise<void>;
}

/** A demonstration never has workflows: its visits are nobody's. */
export function openOutbox(options: StationOutboxOptions): StationOutbox {
  const { store, station, mode, log, changed, clock = systemClock, random = Math.random } = options;
  const settings = mode === 'demonstration' ? null : options.settings;
  keepWorkflowsConfigured(store.sqlite, station, settings !== null);
  const reached = settings === null ? null : stationSettings(settings, store.sqlite);
  const sender =
    reached === null
      ? null
      : new TemporalSender({
          settings: reached.settings,
          clock,
          identity: station.stationId,
          tenantId: () => station.tenantId,
          payloadKeys: reached.givenKeys,
        });
  const outbox = new Outbox({ store, sender, clock, random, log, changed });
  const parts = { store, outbox, address: settings?.address ?? null };
  return {
    view: async () => outboxView(parts, new Date(clock.now()).toISOString()),
    get problems() {
      return outboxProblems(parts);
    },
    start: () => outbox.start(),
    tryNow: () => outbox.tryNow(),
    retry: async (id, by) => outbox.retry(id, by),
    discard: async (id, by) => outbox.discard(id, by),
    close: async () => outbox.close(),
  };
}

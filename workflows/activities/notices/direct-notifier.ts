/** Tells patients by the ways that they agreed to: browsers and mail. Each way once, however often the activity is tried. */
import { ApplicationFailure } from '@temporalio/activity';
import type { NoticeOutcome, NoticeWay } from '../../api/internal/notice-schema.ts';
import type { Notifier } from '../notifier.ts';

/** `later`: may come right; `gone`: there is nobody any more; `rejected`: refused for good, for a reason of ours. */
export type Attempt = 'delivered' | 'later' | 'gone' | 'rejected';

type SenderOf<K extends NoticeWay['kind']> = (
  way: Extract<NoticeWay, { kind: K }>,
  key: string,
  signal: AbortSignal,
) => Promise<Attempt>;

/** Where the ways are kept (`InternalApi`). */
export interface NoticeDirectory {
  /** Without those where it was delivered under this key. */
  noticeWays(tenantId: string, patientId: string, key: string): Promise<readonly NoticeWay[]>;
  noticeOutcome(tenantId: string, outcome: NoticeOutcome): Promise<void>;
}

export interface DirectNotifierOptions {
  readonly directory: NoticeDirectory;
  /** Null: not configured; ways of that kind are left alone. */
  readonly push: SenderOf<'push'> | null;
  readonly mail: SenderOf<'mail'> | null;
}

export function directNotifier({ directory, push, mail }: DirectNotifierOptions): Notifier {
  const attempt = async (way: NoticeWay, key: string, signal: AbortSignal): Promise<Attempt | null> =>
    way.kind === 'push' ? (push?.(way, key, signal) ?? null) : (mail?.(way, key, signal) ?? null);
  return {
    notify: async ({ tenantId, userId, key }, signal) => {
      const outcomes: Attempt[] = [];
      for (const way of await directory.noticeWays(tenantId, userId, key)) {
        signal.throwIfAborted();
        const outcome = await attempt(way, key, signal);
        if (outcome === null) continue;
        outcomes.push(outcome);
        // Kept before the next one is told: whatever ends this activity now, nobody is told twice.
        if (outcome === 'delivered' || outcome === 'gone') {
          const of = (kind: Attempt): string[] => (outcome === kind ? [way.wayId] : []);
          await directory.noticeOutcome(tenantId, { key, delivered: of('delivered'), gone: of('gone') });
        }
      }
      if (outcomes.includes('later')) {
        throw ApplicationFailure.retryable('a notice could not be delivered now', 'NOTICE_UNDELIVERED');
      }
      if (outcomes.includes('rejected')) {
        throw ApplicationFailure.nonRetryable('a notice was refused', 'NOTICE_REJECTED');
      }
    },
  };
}

/** All of them; what one has done it has done when another fails and all are tried again, under the same key. */
export function allNotifiers(notifiers: readonly Notifier[]): Notifier {
  return {
    notify: async (notice, signal) => {
      for (const notifier of notifiers) await notifier.notify(notice, signal);
    },
  };
}

/** Tells a patient that there is something to see. Neutral: neither what, nor where, nor that it is about health. */
import { ApplicationFailure } from '@temporalio/activity';

export interface Notice {
  readonly tenantId: string;
  /** The patient's id: whoever delivers it knows the way to them. */
  readonly userId: string;
  readonly template: 'something-to-see';
  /** The same at each retry: it is delivered once. */
  readonly key: string;
}

export interface Notifier {
  /** @throws ApplicationFailure NOTICE_REJECTED (not retried) or NOTICE_UNDELIVERED */
  notify(notice: Notice, signal: AbortSignal): Promise<void>;
}

/** Nobody is to be told outside of this product: its own event is all. */
export const NO_NOTIFIER: Notifier = { notify: async () => undefined };

const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;
const TOO_MANY = 429;

/** Posts it, with `Idempotency-Key`, to whatever delivers mail or push messages. */
export function webhookNotifier(url: string, token: string | undefined): Notifier {
  return {
    notify: async ({ userId, template, key }, signal) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': key,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ userId, template }),
        signal,
      });
      if (response.ok) return;
      const { status } = response;
      const isFinal = status >= CLIENT_ERROR && status < SERVER_ERROR && status !== TOO_MANY;
      if (isFinal) throw ApplicationFailure.nonRetryable(`the notifier answered ${status}`, 'NOTICE_REJECTED');
      throw ApplicationFailure.retryable(`the notifier answered ${status}`, 'NOTICE_UNDELIVERED');
    },
  };
}

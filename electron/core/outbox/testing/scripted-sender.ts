/** A sender that answers what a test says, one request at a time, and remembers what it was given. */
import type { DeliveryResult, OutboxRequest, Sender } from '../sender.ts';

export interface Sent {
  readonly workflowId: string;
  /** Null: a start. */
  readonly messageId: string | null;
  answer(result: DeliveryResult): void;
}

export class ScriptedSender implements Sender {
  /** Not answered yet, oldest first. */
  readonly open: Sent[] = [];
  /** Everything in the order in which it was sent: the workflow's id and the message's name. */
  readonly sent: string[] = [];
  renewed = 0;
  /** Answers at once; null: the test answers. */
  answer: ((request: OutboxRequest) => DeliveryResult) | null = null;

  async deliver(request: OutboxRequest, signal: AbortSignal): Promise<DeliveryResult> {
    this.sent.push(`${request.workflow.id} ${request.message?.name ?? 'start'}`);
    if (this.answer !== null) return this.answer(request);
    return new Promise((resolve) => {
      const sent: Sent = {
        workflowId: request.workflow.id,
        messageId: request.message?.id ?? null,
        answer: (result) => {
          this.open.splice(this.open.indexOf(sent), 1);
          resolve(result);
        },
      };
      this.open.push(sent);
      signal.addEventListener('abort', () => resolve({ kind: 'away', code: 'CANCELLED', timedOut: false }), {
        once: true,
      });
    });
  }

  renew(): void {
    this.renewed += 1;
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

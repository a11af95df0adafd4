/** What the outbox asks of the way to the workflows, and what becomes of a request. Types only. */
import type { Refusal } from '../../contract/index.ts';

export interface OutboxRequest {
  /** Started where it does not run yet; never twice. */
  readonly workflow: {
    readonly type: string;
    readonly id: string;
    readonly queue: string;
    /** Plain JSON. */
    readonly argument: object;
  };
  /** An update of it; null: only the start. */
  readonly message: {
    readonly name: string;
    /** The same message twice has the same id, and takes effect once. */
    readonly id: string;
    readonly argument: object;
  } | null;
}

/** `code`: the gRPC status's name, or the error's. Never text of the server: it might quote what was sent. */
export type DeliveryResult =
  /** The workflow is there and, where there was a message, has answered it. */
  | { readonly kind: 'delivered'; readonly answer: 'started' | 'accepted' | 'held' }
  /** The workflow has it and did nothing of it. */
  | { readonly kind: 'refused'; readonly reason: Refusal }
  /** It can't be sent as it is. */
  | { readonly kind: 'invalid'; readonly code: string }
  /** The cloud is there, and nobody there works on it, or whoever did has died: it is not durable yet. */
  | { readonly kind: 'unattended' }
  /** Nobody answers, or in time. */
  | { readonly kind: 'away'; readonly code: string; readonly timedOut: boolean }
  /** This station, or what it is set up with, is not accepted. */
  | { readonly kind: 'denied'; readonly code: string }
  /** There are no keys to encrypt it with: nothing was sent. */
  | { readonly kind: 'keyless' }
  /** Something else, which may pass. */
  | { readonly kind: 'failed'; readonly code: string };

export interface Sender {
  /** Always comes to an end, and never throws. */
  deliver(request: OutboxRequest, signal: AbortSignal): Promise<DeliveryResult>;
  /** The next request goes over a connection of its own: the present one may be half open. */
  renew(): void;
  close(): Promise<void>;
}

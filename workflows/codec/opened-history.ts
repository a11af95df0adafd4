/** Histories as people read them: what is encrypted opened where the key is here. */
import type { Payload, PayloadCodec } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import type { JSONPayload } from '@temporalio/common/lib/proto-utils.js';
import { JSONToPayload } from '@temporalio/common/lib/proto-utils.js';

/** What stands for a payload that can't be opened here. */
export const ENCRYPTED = '(encrypted; WORKFLOW_KEYS opens it)';

/** An event of a history as `historyToJSON` writes it. */
interface JsonEvent {
  readonly eventId: string;
  readonly eventTime: string;
  readonly eventType: string;
}

export interface OpenedEvent {
  readonly id: number;
  /** ISO 8601. */
  readonly at: string;
  /** Without `EVENT_TYPE_`. */
  readonly type: string;
  /** The event's attributes, payloads as values. */
  readonly attributes: unknown;
}

/**
 * @param json of `historyToJSON`
 * @param codec null: what is encrypted is said to be
 * @throws ValueError for a payload under a key that is not known, or that was changed
 */
export async function openedHistory(json: string, codec: PayloadCodec | null): Promise<readonly OpenedEvent[]> {
  const { events } = JSON.parse(json) as { readonly events: readonly JsonEvent[] };
  return Promise.all(
    events.map(async (event) => {
      const attributes = Object.entries(event).find(([name]) => name.endsWith('EventAttributes'))?.[1] ?? {};
      return {
        id: Number(event.eventId),
        at: event.eventTime,
        type: event.eventType.replace(/^EVENT_TYPE_/, ''),
        attributes: await opened(attributes, codec),
      };
    }),
  );
}

async function opened(value: unknown, codec: PayloadCodec | null): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(async (item) => opened(item, codec)));
  if (typeof value !== 'object' || value === null) return value;
  if (isPayload(value)) return valueOf(JSONToPayload(value), codec);
  const entries = Object.entries(value).map(async ([name, inner]) => [name, await opened(inner, codec)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function isPayload(value: object): value is JSONPayload {
  const { metadata } = value as { readonly metadata?: unknown };
  return typeof metadata === 'object' && metadata !== null && 'encoding' in metadata;
}

async function valueOf(payload: Payload, codec: PayloadCodec | null): Promise<unknown> {
  const [plain = payload] = codec === null ? [payload] : await codec.decode([payload]);
  const encoding = Buffer.from(plain.metadata?.['encoding'] ?? []).toString();
  if (encoding === 'binary/encrypted') return ENCRYPTED;
  try {
    return defaultPayloadConverter.fromPayload(plain) ?? null;
  } catch {
    // Of interceptors and of the SDK itself: traces, markers of patches.
    return `(${encoding})`;
  }
}

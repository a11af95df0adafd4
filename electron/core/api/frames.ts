/**
 * What may come from a screen at all, before the RPC library sees it. The library rejects a message that it can't decode with
 * nobody listening, which ends the process; a screen must never be able to end core, whatever it sends.
 */
import { z } from 'zod';
import type { ScreenPort } from '../clinic-api.ts';

/** Requests (no `t`, or 1) and their being given up (4). No procedure takes a stream or a file, so neither does a frame. */
const frameSchema = z.union([
  z.object({
    i: z.string().min(1).max(64),
    t: z.literal(1).optional(),
    p: z.object({
      u: z
        .string()
        .max(200)
        .regex(/^\/[\w/-]*$/),
      m: z.enum(['GET', 'POST']).optional(),
      h: z.partialRecord(z.enum(['last-event-id', 'last-event-retry', 'traceparent']), z.string().max(200)).optional(),
      b: z.unknown().optional(),
    }),
  }),
  z.object({ i: z.string().min(1).max(64), t: z.literal(4) }),
]);

/** Whether the RPC library can take this message apart. */
export function isFrame(message: unknown): boolean {
  if (typeof message !== 'string') return false;
  try {
    return frameSchema.safeParse(JSON.parse(message)).success;
  } catch {
    return false;
  }
}

/** The same port, closed at the first message that is no frame. `refused` is told once. */
export function onlyFrames(port: ScreenPort, refused: () => void): ScreenPort {
  let over = false;
  const gated = (listener: (event: { readonly data: unknown }) => void) => (event: { readonly data: unknown }) => {
    if (over) return;
    if (isFrame(event.data)) {
      listener(event);
      return;
    }
    over = true;
    refused();
    port.close();
  };
  return {
    postMessage: (message) => port.postMessage(message),
    addEventListener: (type: 'message' | 'close', listener: (event: { readonly data: unknown }) => void) => {
      if (type === 'message') port.addEventListener('message', gated(listener));
      else port.addEventListener('close', listener as () => void);
    },
    start: () => port.start?.(),
    close: () => port.close(),
  };
}

/** The part of both contracts by which a screen hands over what its calls took, where traces are collected. */
import { z } from 'zod';

/** At most, in one call. */
export const MOST_SCREEN_SPANS = 100;

/** One call as the screen saw it. Which one it was the station knows by the id that came with the call; it says nothing else. */
export const screenSpanSchema = z.object({
  /** W3C parent-id: 8 random bytes, hex. */
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  /** By the screen's clock, ms since 1970. */
  startMs: z.int().min(0).max(8_640_000_000_000_000),
  durationMs: z.number().min(0).max(86_400_000),
  outcome: z.enum(['done', 'failed']),
});
export type ScreenSpan = z.infer<typeof screenSpanSchema>;

export const screenSpansSchema = z.object({ spans: z.array(screenSpanSchema).max(MOST_SCREEN_SPANS) });
/** Whether more are wanted: not where no collector is configured. */
export const spansWantedSchema = z.object({ wanted: z.boolean() });

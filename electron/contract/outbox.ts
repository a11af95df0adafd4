/** What people are told of requests to the cloud's workflows: the line to them, what waits and why, and what needs somebody. Ids and codes only, and which of the staff decided. */
import { z } from 'zod';
import { intentKindSchema } from './documents.ts';
import { problemSchema } from './problems.ts';

const instant = z.iso.datetime();
const count = z.number().int().nonnegative();

/**
 * `not-configured`: visits end on this station. `unknown`: nothing was sent since the start. `refused`: they answer, and do not take what
 * this station is set up with; nothing is sent until they do. `waiting-for-keys`: the cloud has not given this station the keys with which it
 * encrypts what it sends; nothing is sent until it has.
 */
export const outboxLineSchema = z.object({
  state: z.enum(['not-configured', 'unknown', 'reachable', 'away', 'refused', 'waiting-for-keys']),
  /** When this state began. */
  since: instant.nullable(),
  /** Host of the address. */
  host: z.string().max(255).nullable(),
  problem: problemSchema.nullable(),
  /** When it is tried again, while it is away or refused. */
  nextAt: instant.nullable(),
});
export type OutboxLine = z.infer<typeof outboxLineSchema>;

/**
 * `held`: it waits until something changes in the cloud: the station is not accepted, or nobody works there. `returned`: the workflow did
 * nothing of it, a person decides. `dead`: it can't be sent as it is; what comes after it in the same visit waits for a person, too.
 */
export const outboxStateSchema = z.enum(['waiting', 'delivering', 'held', 'delivered', 'returned', 'dead']);
export type OutboxState = z.infer<typeof outboxStateSchema>;

export const outboxRowSchema = z.object({
  id: z.uuid(),
  kind: intentKindSchema,
  /** The visit. */
  subjectId: z.uuid(),
  /** Counts the requests of a visit; they go in this order. */
  ordinal: z.number().int().positive(),
  state: outboxStateSchema,
  createdAt: instant,
  /** Tries that came to nothing. */
  attempts: count,
  deliveredAt: instant.nullable(),
  /** The detail of `REQUEST_REFUSED` is a `Refusal`. */
  problem: problemSchema.nullable(),
  /** When and where the visit is booked; null where it is not known here. */
  visit: z.object({ startsAt: instant, room: z.string() }).nullable(),
});
export type OutboxRow = z.infer<typeof outboxRowSchema>;

/** A request that a person has given up, and the problem with which it stood there for a decision. */
export const discardedRequestSchema = outboxRowSchema
  .pick({ id: true, kind: true, subjectId: true, ordinal: true, createdAt: true, problem: true, visit: true })
  .extend({
    discardedAt: instant,
    /** Of the staff, who decided it; null: somebody who is not known here. */
    discardedBy: z.string().nullable(),
  });
export type DiscardedRequest = z.infer<typeof discardedRequestSchema>;

/** Rows of a view: those a person decides about, then those that wait, then the last delivered ones; and the last given up. */
export const OUTBOX_SHOWN = { care: 20, waiting: 20, delivered: 5, discarded: 20 } as const;

export const outboxViewSchema = z.object({
  at: instant,
  line: outboxLineSchema,
  counts: z.object({ waiting: count, returned: count, dead: count }),
  /** When the oldest that waits was written. */
  oldestAt: instant.nullable(),
  rows: z.array(outboxRowSchema),
  /** All that were given up, and the last of them, newest first. */
  discarded: z.object({ count, rows: z.array(discardedRequestSchema) }),
});
export type OutboxView = z.infer<typeof outboxViewSchema>;

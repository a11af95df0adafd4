/**
 * The API between the cloud's own pages and the cloud, for people who work from elsewhere: the part of the staff's contract that can be
 * done without a station, with the same shapes, and what only the cloud knows.
 */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { staffContract } from './api.ts';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';
import { unpushedSchema } from './sync-status.ts';
import { noticesContract } from './notices.ts';
import { timelineContract } from './timeline.ts';
import { workflowListContract } from './workflow-list.ts';

const instant = z.iso.datetime();
const count = z.number().int().nonnegative();

/** A station as the cloud knows it: nothing of what a station has not told. */
export const fleetStationSchema = z.object({
  stationId: z.uuid(),
  name: z.string(),
  locationName: z.string(),
  state: z.enum(['active', 'revoked']),
  contractVersion: z.string(),
  enrolledAt: instant,
  /** When it last signed in or asked for something; null: never since it was enrolled. */
  lastContactAt: instant.nullable(),
  /** What it had not sent when it last told; null: it has never told. `at`: by the cloud's clock. */
  unsent: unpushedSchema.extend({ at: instant }).nullable(),
  /** Files that have begun to arrive, and what of them has not. */
  arriving: z.object({ files: count, leftBytes: z.number().nonnegative() }),
  /** Records that the cloud could not take; they stay on the station as they are. */
  quarantined: z.object({ records: count, lastAt: instant.nullable() }),
  /** Parts of its audit trail that did not follow from what was there. */
  trailBreaks: count,
  /** Not resolved, the newest first. */
  alerts: z.array(
    z.object({
      id: z.uuid(),
      kind: z.string(),
      severity: z.enum(['info', 'warn', 'fault']),
      text: z.string(),
      at: instant,
    }),
  ),
});
export type FleetStation = z.infer<typeof fleetStationSchema>;

export const fleetViewSchema = z.object({ at: instant, stations: z.array(fleetStationSchema) });
export type FleetView = z.infer<typeof fleetViewSchema>;

/** What a page may know before anybody has signed in, and whether somebody has. */
export const browserSessionSchema = z.object({
  signedIn: z.boolean(),
  /** What they come as: somebody who is both works here first. */
  as: z.enum(['staff', 'patient']).nullable(),
  /** Whether people can sign in here at all: an identity provider knows this cloud. */
  canSignIn: z.boolean(),
});
export type BrowserSessionAnswer = z.infer<typeof browserSessionSchema>;

export const CLOUD_APP_PATHS = {
  /** GET: `browserSessionSchema`. */
  session: '/app/session',
  /** GET: to the identity provider; with `?again`, the person has to prove again who they are. */
  signIn: '/app/sign-in',
  /** POST: the contract's procedures, below it. */
  rpc: '/app/rpc',
} as const;

export const cloudContract = {
  station: { hello: staffContract.station.hello },
  access: { lock: staffContract.access.lock },
  review: staffContract.review,
  media: staffContract.media,
  fleet: {
    /** The stations of the person's locations. Knows no patient. */
    watch: procedure('operator', 'technician', 'admin').output(eventIterator(fleetViewSchema)),
  },
  timeline: timelineContract,
  notices: noticesContract,
  workflows: workflowListContract,
} as const satisfies RoledContract;
export type CloudContract = typeof cloudContract;

/**
 * Brings the schedules of a namespace to what the code says: makes, changes and deletes those that are ours, by id and memo, and leaves
 * everybody else's. A paused one stays paused.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Client, ScheduleDescription, ScheduleOptions } from '@temporalio/client';
import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { ScheduledInput } from '../activities/operations-activities.ts';
import type { OwnSchedule } from './schedules.ts';
import { OWN_PREFIX } from './schedules.ts';

/** In the memo of each: an id alone can be anybody's. */
const OWNER = 'vantage-schedules';
const CATCH_UP_MS = 86_400_000;

export type Change = 'create' | 'update' | 'delete' | 'keep';

export interface Planned {
  readonly scheduleId: string;
  readonly change: Change;
}

export interface Reconciled {
  readonly changes: readonly Planned[];
  /** Not ours although their ids say so: left as they are. */
  readonly foreign: readonly string[];
}

/**
 * @param client whose payloads are the installation's (`INSTALLATION_ID`)
 * @param isDry whether nothing is changed
 */
export async function reconcile(client: Client, wanted: readonly OwnSchedule[], isDry: boolean): Promise<Reconciled> {
  const changes: Planned[] = [];
  const foreign: string[] = [];
  for (const schedule of wanted) {
    const options = optionsOf(schedule);
    const { scheduleId } = options;
    const there = await described(client, scheduleId);
    if (there !== null && !isOurs(there.memo)) foreign.push(scheduleId);
    else {
      const change = changeTo(there, options);
      changes.push({ scheduleId, change });
      if (!isDry) await apply(client, change, options);
    }
  }
  for (const scheduleId of await leftOver(client, wanted)) {
    const there = await described(client, scheduleId);
    if (there === null) continue;
    if (!isOurs(there.memo)) {
      foreign.push(scheduleId);
      continue;
    }
    changes.push({ scheduleId, change: 'delete' });
    if (!isDry) await client.schedule.getHandle(scheduleId).delete();
  }
  return { changes, foreign };
}

type OwnOptions = ScheduleOptions & { readonly scheduleId: string };

function optionsOf(schedule: OwnSchedule): OwnOptions {
  const scheduleId = OWN_PREFIX + schedule.name;
  const input: ScheduledInput = { schedule: schedule.name };
  return {
    scheduleId,
    spec: {
      calendars: [
        {
          ...schedule.at,
          ...(schedule.dayOfWeek !== undefined && { dayOfWeek: { start: weekday(schedule.dayOfWeek) } }),
          comment: schedule.summary,
        },
      ],
    },
    // The last one still runs: this one would do the same again.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: schedule.workflowType,
      workflowId: scheduleId,
      taskQueue: schedule.taskQueue,
      args: [input],
    },
    memo: { owner: OWNER },
  };
}

const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

function weekday(number: number): (typeof WEEKDAYS)[number] {
  const name = WEEKDAYS[number];
  if (name === undefined) throw new Error('a day of the week is 0 to 6');
  return name;
}

async function described(client: Client, scheduleId: string): Promise<ScheduleDescription | null> {
  try {
    return await client.schedule.getHandle(scheduleId).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

function isOurs(memo: ScheduleDescription['memo']): boolean {
  return memo?.['owner'] === OWNER;
}

function changeTo(there: ScheduleDescription | null, wanted: OwnOptions): Change {
  if (there === null) return 'create';
  return isDeepStrictEqual(shapeOf(there), wantedShape(wanted)) ? 'keep' : 'update';
}

/** What counts of a schedule, as Temporal tells it. */
function shapeOf({ spec, policies, action }: ScheduleDescription): unknown {
  const { overlap, catchupWindow, pauseOnFailure } = policies;
  const { workflowType, workflowId, taskQueue, args } = action;
  return {
    calendars: (spec.calendars ?? []).map(({ hour, minute, dayOfWeek, comment }) => ({
      hour: hour.map(({ start, end }) => [start, end]),
      minute: minute.map(({ start, end }) => [start, end]),
      dayOfWeek: dayOfWeek.map(({ start, end }) => [start, end]),
      comment,
    })),
    intervals: spec.intervals?.length ?? 0,
    policies: { overlap, catchupWindow, pauseOnFailure },
    action: { workflowType, workflowId, taskQueue, args },
  };
}

function wantedShape({ spec, policies, action }: OwnOptions): unknown {
  const { workflowType, workflowId, taskQueue, args } = action;
  return {
    calendars: (spec.calendars ?? []).map(({ hour, minute, dayOfWeek, comment }) => {
      const day = dayOfWeek as { readonly start: string } | undefined;
      return {
        hour: [[hour, hour]],
        minute: [[minute, minute]],
        dayOfWeek: [day === undefined ? ['SUNDAY', 'SATURDAY'] : [day.start, day.start]],
        comment,
      };
    }),
    intervals: 0,
    policies,
    action: { workflowType, workflowId, taskQueue, args },
  };
}

async function apply(client: Client, change: Change, { scheduleId, memo, ...options }: OwnOptions): Promise<void> {
  if (change === 'create')
    await client.schedule.create({ scheduleId, ...options, ...(memo !== undefined && { memo }) });
  else if (change === 'update') {
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...options, state }));
  }
}

/** Ids of ours that nothing says any more. */
async function leftOver(client: Client, wanted: readonly OwnSchedule[]): Promise<readonly string[]> {
  const kept = new Set(wanted.map(({ name }) => OWN_PREFIX + name));
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(OWN_PREFIX) && !kept.has(scheduleId)) ids.push(scheduleId);
  }
  return ids;
}

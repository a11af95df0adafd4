/** The staff of a location, who unlock its stations with a PIN: documents that the stations get by replication. */
import { z } from 'zod';
import {
  CONTRACT_VERSION,
  VantageError,
  derivedId,
  equalJson,
  fieldGroups,
  newId,
  roleSchema,
  staffSchema,
} from '../../../electron/contract/index.ts';
import type { Staff } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { lockWrites } from '../../database/scope.ts';
import { clockAfter } from '../internal/session-cloud.ts';
import { writeDocuments } from '../replication/write-documents.ts';
import { route } from '../route.ts';
import { hashPin } from './pin.ts';
import { personOf } from './routes.ts';

/** Stands for the station that wrote first in what is made here. */
const CLOUD_STATION = derivedId('station', 'cloud');

const staffInputSchema = z.object({
  locationId: z.uuid(),
  name: z.string().trim().min(1).max(200),
  initials: z.string().trim().min(1).max(3),
  roles: z.array(roleSchema.exclude(['patient'])).min(1),
  active: z.boolean().default(true),
});
const pin = z.string().regex(/^\d{4,12}$/);
const staffRowSchema = staffInputSchema.extend({ staffId: z.uuid() });

export const STAFF_ROUTES = [
  route({
    method: 'GET',
    path: '/v1/staff',
    summary: 'Who unlocks the stations of the caller’s locations',
    who: ['admin'],
    answer: z.object({ staff: z.array(staffRowSchema) }),
    handle: async ({ transaction }) => {
      const rows = await transaction(async (tx) =>
        tx
          .selectFrom('documents')
          .select(['id', 'document'])
          .where('collection', '=', 'staff')
          .where('deleted', '=', false)
          .orderBy('id')
          .execute(),
      );
      return { staff: rows.map(({ id, document }) => staffRowSchema.parse({ ...document, staffId: id })) };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/staff',
    summary: 'Make a member of staff, with a PIN; the location’s stations know them as soon as they are online',
    who: ['admin'],
    body: staffInputSchema.extend({ pin }),
    answer: z.object({ staffId: z.uuid() }),
    handle: async (call) => {
      const { pin: typed, ...input } = call.body;
      const staffId = newId();
      const pinHash = await hashPin(typed);
      const authorId = personOf(call).personId;
      await call.transaction(async (tx) =>
        writeStaff(tx, call.parts.now(), staffId, { ...input, pinHash, authorId }, null),
      );
      return { staffId };
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/staff/:staffId',
    summary: 'Change a member of staff, or shut them out; with `pin`, they have a new one',
    who: ['admin'],
    params: z.object({ staffId: z.uuid() }),
    body: staffInputSchema.extend({ pin: pin.optional() }),
    answer: z.object({ staffId: z.uuid() }),
    handle: async (call) => {
      const { pin: typed, ...input } = call.body;
      const { staffId } = call.params;
      const hashed = typed === undefined ? {} : { pinHash: await hashPin(typed) };
      await call.transaction(async (tx) => {
        await lockWrites(tx);
        const known = await tx
          .selectFrom('documents')
          .select(['document'])
          .where('collection', '=', 'staff')
          .where('id', '=', staffId)
          .where('deleted', '=', false)
          .executeTakeFirst();
        if (known === undefined) throw new VantageError('NOT_FOUND');
        await writeStaff(tx, call.parts.now(), staffId, { ...input, ...hashed }, known.document);
      });
      return { staffId };
    },
  }),
];

/** @throws VantageError NOT_FOUND when the location is not one of the caller's */
async function writeStaff(
  tx: Scoped,
  now: Date,
  staffId: string,
  input: Partial<Staff>,
  known: Partial<Staff> | null,
): Promise<void> {
  await lockWrites(tx);
  const location = await tx
    .selectFrom('locations')
    .select('tenant_id')
    .where('id', '=', String(input.locationId))
    .executeTakeFirst();
  if (location === undefined) throw new VantageError('NOT_FOUND');
  const at = now.toISOString();
  const made = {
    id: staffId,
    tenantId: location.tenant_id,
    stationId: CLOUD_STATION,
    authorId: staffId,
    createdAt: at,
  };
  const next: Record<string, unknown> = { ...(known ?? made), ...input };
  const clocks: Record<string, string> = { ...known?.hlc };
  const before: Readonly<Record<string, unknown>> = known ?? {};
  for (const field of Object.keys(next)) {
    if (field === 'hlc' || field === 'updatedAt' || field === 'contractVersion') continue;
    const group = fieldGroups.staff[field] ?? field;
    if (!equalJson(before[field], next[field])) clocks[group] = clockAfter(known?.hlc?.[group], now.getTime());
  }
  const document = staffSchema.parse({ ...next, contractVersion: CONTRACT_VERSION, updatedAt: at, hlc: clocks });
  const write = { id: staffId, document, deleted: false, known: known !== null };
  const version = (await writeDocuments(tx, location.tenant_id, 'staff', [write])).get(staffId);
  if (typeof version !== 'number') throw new VantageError('INPUT_INVALID', 'staff');
}

/** The same expectations of both routers in-process, over a port and over a WebSocket relayed to a port. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcedureMeta, RoledContract } from '../../contract/index.ts';
import { checkinContract, DEMONSTRATION_PIN, staffContract } from '../../contract/index.ts';
import type { CheckinClient, StaffClient } from '../../../test/fixtures/client.ts';
import { problemCodeOf, until } from '../../../test/fixtures/client.ts';
import type { TestClinic } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import type { Line, Transport } from '../../../test/fixtures/transports.ts';
import { connectOver, connectToPort, TRANSPORTS } from '../../../test/fixtures/transports.ts';

let station: TestClinic;
let screens = 0;

beforeAll(async () => {
  station = await openTestClinic();
});

afterAll(async () => {
  await station.close();
});

async function staffOver(transport: Transport): Promise<Line<StaffClient>> {
  const screen = { surface: 'staff', screenSessionId: `staff-${(screens += 1)}` } as const;
  if (transport === 'in-process') {
    return connectOver(transport, station.clinic.routers.staff, await station.clinic.contextOf(screen));
  }
  return connectToPort<StaffClient>(transport, (port) => station.clinic.attach(port, screen));
}

async function checkinOver(transport: Transport): Promise<Line<CheckinClient>> {
  const screen = { surface: 'checkin', screenSessionId: `checkin-${(screens += 1)}` } as const;
  if (transport === 'in-process') {
    return connectOver(transport, station.clinic.routers.checkin, await station.clinic.contextOf(screen));
  }
  return connectToPort<CheckinClient>(transport, (port) => station.clinic.attach(port, screen));
}

interface Named {
  readonly path: readonly string[];
  readonly meta: ProcedureMeta;
}

function proceduresOf(contract: RoledContract, path: readonly string[] = []): Named[] {
  return Object.entries(contract).flatMap(([name, value]) =>
    '~orpc' in value
      ? [
          {
            path: [...path, name],
            meta: (value as { readonly '~orpc': { readonly meta: ProcedureMeta } })['~orpc'].meta,
          },
        ]
      : proceduresOf(value, [...path, name]),
  );
}

/** Calls a procedure by its path with something that no input schema takes. */
async function callWithJunk(client: unknown, path: readonly string[]): Promise<string | null> {
  let target = client as Record<string, unknown>;
  for (const name of path.slice(0, -1)) target = target[name] as Record<string, unknown>;
  const call = target[path.at(-1) ?? ''] as (input: unknown) => Promise<unknown>;
  return call({ junk: true }).then(
    () => 'answered',
    (error: unknown) => problemCodeOf(error),
  );
}

describe.each(TRANSPORTS)('the contract over %s', (transport) => {
  it('says who the station is to a locked screen, and nothing about people who are not staff', async () => {
    const { client, close } = await staffOver(transport);
    const hello = await client.station.hello();
    expect(hello).toMatchObject({ surface: 'staff', mode: 'demonstration', signedIn: null });
    const status = await until(await client.station.watch(), (now) => now.devices.length === 3);
    expect(status.cloud.state).toBe('not-configured');
    await close();
  });

  it('refuses every procedure of a locked screen that is not for anyone, before it looks at the input', async () => {
    const { client, close } = await staffOver(transport);
    for (const { path, meta } of proceduresOf(staffContract)) {
      if (meta.roles.includes('anyone')) continue;
      expect(`${path.join('.')}: ${await callWithJunk(client, path)}`).toBe(`${path.join('.')}: NOT_SIGNED_IN`);
    }
    await close();
  });

  it('refuses every procedure that the signed-in role lacks, and complains about input where the role is right', async () => {
    const { client, close } = await staffOver(transport);
    const tomasz = (await client.access.people()).find((person) => person.initials === 'TP');
    await client.access.unlock({ staffId: tomasz?.staffId ?? '', pin: DEMONSTRATION_PIN });
    for (const { path, meta } of proceduresOf(staffContract)) {
      if (meta.roles.some((role) => role === 'anyone' || role === 'technician')) continue;
      expect(`${path.join('.')}: ${await callWithJunk(client, path)}`).toBe(`${path.join('.')}: NOT_ALLOWED`);
    }
    expect(await callWithJunk(client, ['devices', 'weigh'])).toBe('INPUT_INVALID');
    await close();
  });

  it('gives a check-in screen its own procedures and no others', async () => {
    const staffPaths = proceduresOf(staffContract).map(({ path }) => path.join('.'));
    const own = new Set(proceduresOf(checkinContract).map(({ path }) => path.join('.')));
    const { client, close } = await checkinOver(transport);
    expect((await client.station.hello()).surface).toBe('checkin');
    for (const path of staffPaths.filter((name) => !own.has(name))) {
      const answer = await callWithJunk(client, path.split('.')).catch(() => 'no such procedure');
      expect(`${path}: ${answer}`).not.toBe(`${path}: answered`);
    }
    await close();
  });

  it('carries a problem with its code, its field and nothing of the input', async () => {
    const { client, close } = await checkinOver(transport);
    const secret = 'Exampleton'.repeat(20);
    const error = await client.checkin
      .find({ by: 'name', familyName: secret, birthDate: '1988-03-12' })
      .catch((caught: unknown) => caught);
    expect(problemCodeOf(error)).toBe('INPUT_INVALID');
    expect(error).toMatchObject({ data: { field: 'familyName' } });
    expect(JSON.stringify(error)).not.toContain('Exampleton');
    await close();
  });

  it('streams: at once, after each change, and to an end when the reader leaves', async () => {
    const { client, close } = await staffOver(transport);
    const ines = (await client.access.people()).find((person) => person.initials === 'IM');
    await client.access.unlock({ staffId: ines?.staffId ?? '', pin: DEMONSTRATION_PIN });
    const stream = await client.today.watch();
    const seen: string[] = [];
    for await (const day of stream) {
      const row = day.rows.find((candidate) => candidate.status === 'SCHEDULED');
      if (row === undefined) break;
      if (seen.length === 0) {
        seen.push(row.appointmentId);
        await client.today.checkIn({ appointmentId: row.appointmentId });
        continue;
      }
      const changed = day.rows.find((candidate) => candidate.appointmentId === seen[0]);
      seen.push(changed?.status ?? '');
      if (changed?.status === 'CHECKED_IN') break;
    }
    expect(seen.at(-1)).toBe('CHECKED_IN');
    await close();
  });

  it('locks: what was running on the screen ends with NOT_SIGNED_IN', async () => {
    const { client, close } = await staffOver(transport);
    const ines = (await client.access.people()).find((person) => person.initials === 'IM');
    await client.access.unlock({ staffId: ines?.staffId ?? '', pin: DEMONSTRATION_PIN });
    const iterator = (await client.today.watch())[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next().then(
      () => 'went on',
      (error: unknown) => problemCodeOf(error),
    );
    await client.access.lock();
    expect(await next).toBe('NOT_SIGNED_IN');
    await close();
  });
});

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { TestClinic } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import { beginVisit, visitOf } from '../../../test/fixtures/visit.ts';

let open: TestClinic | null = null;

afterEach(async () => {
  await open?.close();
  open = null;
});

it('tells the visit why its report could not be made, and makes it when asked again', async () => {
  open = await openTestClinic();
  const staff = await open.signedIn('IM');
  const sessionId = await beginVisit(staff, 'HR-04127');
  await staff.visits.end({ sessionId, reason: 'No time left' });
  const incoming = join(open.directory, 'vault', 'incoming');
  renameSync(incoming, `${incoming}-away`);
  await staff.visits.finish({ sessionId });
  const failed = await visitOf(staff, sessionId, (visit) => visit.problems.length > 0);
  expect(failed).toMatchObject({ status: 'ANALYSING', report: null, problems: [{ code: 'DISK_FAILED' }] });

  renameSync(`${incoming}-away`, incoming);
  await staff.visits.finish({ sessionId });
  const made = await visitOf(staff, sessionId, (visit) => visit.report !== null);
  expect(made).toMatchObject({ status: 'REVIEW', problems: [], report: { version: 1 } });
});

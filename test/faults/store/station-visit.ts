/** A real station in a folder of its own, one visit done at it in which everything that can be typed is typed, and its end. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceConfiguration } from '../../../electron/contract/index.ts';
import { DEMONSTRATION_PIN, derivedId } from '../../../electron/contract/index.ts';
import { startCameraSimulator } from '../../../native/simulator/camera.ts';
import { startScaleSimulator } from '../../../native/simulator/scale.ts';
import type { CheckinClient, Connection, StaffClient } from '../../fixtures/client.ts';
import { connect, exchangeToken, until } from '../../fixtures/client.ts';
import type { StationProcess } from '../../fixtures/station-process.ts';
import { startStation } from '../../fixtures/station-process.ts';
import { CONSENTS, SIGNATURE, rowOf, takePicture, visitOf, weigh } from '../../fixtures/visit.ts';

const AMARA = 'HR-04127';
/** The station brings a simulated device along for each kind that it is given none of. */
const OURS = ['scale', 'body-camera'] as const;
const READY_LIMIT_MS = 60_000;

export interface VisitedStation {
  readonly station: StationProcess;
  /** What the station knows of the people of its day: names, numbers, birth dates. */
  readonly people: readonly string[];
  /** Bytes that the camera sent and the report that was made. */
  readonly files: readonly Buffer[];
  /** Ends the simulated devices; the station is the caller's to end. */
  closeDevices(): Promise<void>;
}

/** @param directory temporary files and the home folder of the station lie in it, too. @param typed where people may write anything */
export async function visitStation(directory: string, seed: number, typed: string): Promise<VisitedStation> {
  const scale = await startScaleSimulator({ port: 0, seed, person: 'manual' });
  scale.stepOn(72.45);
  const camera = await startCameraSimulator({ port: 0, kind: 'body-camera', seed, exposureMs: 50 });
  const closeDevices = async (): Promise<void> => {
    await Promise.all([scale.close(), camera.close()]);
  };
  try {
    const [temporary, home] = ['temporary', 'home'].map((name) => join(directory, name));
    for (const folder of [temporary, home]) mkdirSync(folder ?? '', { recursive: true });
    const station = await startStation({
      directory,
      devices: configurations(scale.port, camera.port),
      env: { TMPDIR: temporary ?? '', HOME: home ?? '', XDG_CACHE_HOME: home ?? '', XDG_DATA_HOME: home ?? '' },
    });
    return { station, closeDevices, ...(await visit(station, typed)) };
  } catch (error) {
    await closeDevices();
    throw error;
  }
}

function configurations(scalePort: number, cameraPort: number): DeviceConfiguration[] {
  const common = { room: 'Room 1', simulated: true } as const;
  return [
    {
      ...common,
      deviceId: derivedId('faults', 'scale'),
      kind: 'scale',
      name: 'Scale',
      model: 'vantage-sim-scale',
      address: { type: 'tcp', host: '127.0.0.1', port: scalePort },
    },
    {
      ...common,
      deviceId: derivedId('faults', 'body'),
      kind: 'body-camera',
      name: 'Body camera',
      model: 'vantage-sim-camera',
      address: { type: 'ptpip', host: '127.0.0.1', port: cameraPort },
    },
  ];
}

async function visit(station: StationProcess, typed: string): Promise<Pick<VisitedStation, 'people' | 'files'>> {
  const facilitator = await signIn(station, 'IM', typed);
  const staff = facilitator.client;
  await until(
    await staff.station.watch(),
    (status) => OURS.every((kind) => status.devices.some((device) => device.kind === kind && device.state === 'ready')),
    READY_LIMIT_MS,
  );
  const day = await until(await staff.today.watch(), () => true);
  const people = day.rows.flatMap(({ patient }) =>
    Object.values(patient)
      .flat()
      .filter((value) => typeof value === 'string'),
  );
  await staff.today.find({ text: typed });
  await askAtCheckin(station, typed);

  const { appointmentId } = await rowOf(staff, AMARA);
  const { sessionId } = await staff.today.checkIn({ appointmentId });
  const signature = { ...SIGNATURE, typedName: typed };
  await staff.today.consent({ sessionId, agreed: [...CONSENTS], language: 'en', signature });
  await staff.visits.start({ sessionId });
  await weigh(staff, sessionId);
  await staff.visits.enterByHand({ sessionId, stepId: 'height', value: 171.5, again: 171.5, reason: typed });
  const { captureId } = await takePicture(staff, sessionId, 'body-front');
  await staff.capture.keep({ captureId, reason: typed });
  await staff.visits.end({ sessionId, reason: typed });
  await staff.visits.finish({ sessionId });
  const { report } = await visitOf(staff, sessionId, (view) => view.status === 'REVIEW' && view.report !== null);

  const clinician = await signIn(station, 'LN', typed);
  const files: Buffer[] = [];
  for (const wanted of [
    { of: 'capture', captureId, part: 'image' },
    { of: 'report', reportId: report?.reportId ?? '' },
  ] as const) {
    const { path } = await clinician.client.media.open(wanted);
    files.push(Buffer.from(await clinician.media(path)));
  }
  await clinician.client.review.decide({
    reportId: report?.reportId ?? '',
    reportSha256: report?.sha256 ?? '',
    decision: 'sent-back',
    reason: 'other',
    notes: typed,
    pin: DEMONSTRATION_PIN,
  });
  facilitator.close();
  clinician.close();
  return { people, files };
}

/** With a wrong PIN first, which nobody may find anywhere either. */
async function signIn(station: StationProcess, initials: string, typed: string): Promise<Connection<StaffClient>> {
  const cookie = await exchangeToken(station.staff, 'staff');
  const connection = await connect<StaffClient>(station.staff.origin, 'staff', cookie);
  const person = (await connection.client.access.people()).find((candidate) => candidate.initials === initials);
  if (person === undefined) throw new Error(`nobody with initials ${initials}`);
  const { staffId } = person;
  await expectRefusal(() => connection.client.access.unlock({ staffId, pin: typed.slice(0, 12) }));
  await connection.client.access.unlock({ staffId, pin: DEMONSTRATION_PIN });
  return connection;
}

async function askAtCheckin(station: StationProcess, typed: string): Promise<void> {
  const cookie = await exchangeToken(station.checkin, 'checkin');
  const connection = await connect<CheckinClient>(station.checkin.origin, 'checkin', cookie);
  await expectRefusal(() => connection.client.checkin.find({ by: 'code', code: typed }));
  await expectRefusal(() => connection.client.checkin.find({ by: 'name', familyName: typed, birthDate: '1907-03-29' }));
  connection.close();
}

async function expectRefusal(call: () => Promise<unknown>): Promise<void> {
  const answered = await call().then(
    () => true,
    () => false,
  );
  if (answered) throw new Error('what nobody knows was accepted');
}

/**
 * From "take it" to the verdict, for a 45-megapixel body photograph: camera over PTP/IP -> vault -> checks -> document, through the
 * station's own processes. Reference: decode the same file completely and run the vessel network once at its usual size, with
 * the bare libraries, in the same run.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMONSTRATION_PIN, derivedId } from '../../electron/contract/index.ts';
import { startCameraSimulator } from '../../native/simulator/camera.ts';
import { FUNDUS_FIELD_DEGREES } from '../../native/simulator/scenes/fundus.ts';
import type { StaffClient } from '../fixtures/client.ts';
import { connect, exchangeToken } from '../fixtures/client.ts';
import { LARGE_JPEG, largeJpeg } from '../fixtures/large-jpeg.ts';
import { startStation } from '../fixtures/station-process.ts';
import { beginVisit, takePicture } from '../fixtures/visit.ts';
import type { Row } from './bench.ts';
import { median, ratioRow } from './bench.ts';
import { bareDecodeAndRun, openVesselRunner, vesselInputSide } from './inference-bench.ts';

const RUNS = 7;

/** Row `capture-to-verdict-45mp`. */
export async function captureToVerdict(): Promise<Row> {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-bench-'));
  const images = mkdtempSync(join(tmpdir(), 'vantage-images-'));
  const pictures: Buffer[] = [];
  for (let index = 0; index < RUNS + 1; index += 1) {
    const picture = await largeJpeg(index + 1, 'person');
    pictures.push(picture);
    writeFileSync(join(images, `${index}.jpg`), picture);
  }
  const camera = await startCameraSimulator({ port: 0, kind: 'body-camera', imagesDirectory: images, exposureMs: 0 });
  const station = await startStation({
    directory,
    devices: [
      {
        deviceId: derivedId('bench', 'body'),
        kind: 'body-camera',
        name: 'Body camera',
        room: 'Room 1',
        model: 'vantage-sim-camera',
        address: { type: 'ptpip', host: '127.0.0.1', port: camera.port },
        simulated: true,
      },
    ],
  });
  try {
    const connection = await connect<StaffClient>(
      station.staff.origin,
      'staff',
      await exchangeToken(station.staff, 'staff'),
    );
    const staff = connection.client;
    const person = (await staff.access.people()).find((candidate) => candidate.initials === 'LN');
    await staff.access.unlock({ staffId: person?.staffId ?? '', pin: DEMONSTRATION_PIN });
    const sessionId = await beginVisit(staff, 'HR-04127');
    const ours: number[] = [];
    const bare: number[] = [];
    const runner = await openVesselRunner();
    for (const [index, picture] of pictures.entries()) {
      const began = performance.now();
      const capture = await takePicture(staff, sessionId, 'body-front');
      const took = performance.now() - began;
      if (capture.state !== 'judged') throw new Error(`not judged: ${capture.state} ${capture.problem?.code ?? ''}`);
      if (capture.judgement?.width !== LARGE_JPEG.width) throw new Error('not the large picture');
      const reference = await bareDecodeAndRun(picture, runner, vesselInputSide(FUNDUS_FIELD_DEGREES));
      // The first warms up both.
      if (index > 0) {
        ours.push(took);
        bare.push(reference);
      }
    }
    await runner.close();
    connection.close();
    return ratioRow(
      'capture-to-verdict-45mp',
      'ms',
      median(ours),
      median(bare),
      'sharp full decode + session.run',
      2.5,
    );
  } finally {
    await station.stop();
    await camera.close();
    await Promise.all(
      [directory, images].map((path) => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })),
    );
  }
}

/** A station that is killed while it sends goes on where the cloud stands, whatever it had written down itself. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../store/testing/documents.ts';
import { openStoredClinic } from '../../vault/testing/stored-clinic.ts';
import { PART_BYTES } from './send-file.ts';
import { openSendingStation, takePicture } from './testing/sending-station.ts';
import { startTusResponder } from './testing/tus-responder.ts';

const MIB = 1024 * 1024;
const SIZE = 6 * MIB + 4321;
const KILLS = 5;
const SCRIPT = join(import.meta.dirname, 'testing', 'upload-until-killed.ts');

it(`resumes after ${KILLS} kills at any byte, sends at most one part twice each time, and ends verified`, async () => {
  const folder = temporaryFolder();
  const cloud = await startTusResponder();
  try {
    const image = randomBytes(SIZE);
    const clinic = await openStoredClinic(folder.path);
    const { sha256 } = await takePicture(clinic, 'one', image);
    await clinic.store.close();

    for (let round = 0; round < KILLS; round += 1) {
      // So that each kill meets a file that is on its way.
      const at = cloud.received() + randomInt(1, Math.floor(SIZE / (KILLS + 1)));
      const child = spawn(process.execPath, [SCRIPT, folder.path, cloud.url], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const exited = once(child, 'exit');
      cloud.faults.came = async () => {
        if (cloud.received() < at) return;
        child.kill('SIGKILL');
        await exited;
      };
      const [, signal] = (await exited) as [number | null, string | null];
      expect(signal).toBe('SIGKILL');
    }
    cloud.faults.came = async () => undefined;

    const station = await openSendingStation(folder.path, () => cloud.url);
    await station.uploads.drained();
    expect(station.uploads.verifiedAt(sha256 ?? '')).not.toBeNull();
    await station.close();
    expect(
      createHash('sha256')
        .update(cloud.contentOf(sha256 ?? '') ?? '')
        .digest('hex'),
    ).toBe(sha256);
    const resent = cloud.received() - SIZE;
    console.log(`${KILLS} kills, ${resent} bytes sent again`);
    expect(resent).toBeLessThan(KILLS * PART_BYTES);
  } finally {
    await cloud.close();
    folder.remove();
  }
}, 240_000);

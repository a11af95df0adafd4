/**
 * Power, not only the process: the writer runs in a virtual machine with its clinic on a USB disk, and the machine dies at a
 * random instant with whatever its kernel had not written yet. The disk is then mounted here (its journal is replayed, as after
 * any power cut) and the clinic must hold everything whose acknowledgement had left the machine.
 *
 * `--unsafe-control`: the same with flushing switched off must lose something, or this proof could not find a loss.
 *
 * Not covered: a disk that itself lies about flushing. The emulated one keeps what it was given.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../fixtures/random.ts';
import { GUEST_DISK, LabMachine, findUsbLab } from '../../hardware/usb-lab.ts';
import type { FaultProof } from '../fault-proof.ts';
import { bundleWriter } from './bundled-writer.ts';
import { checkClinic } from './check.ts';
import type { Acknowledged, Checked } from './check.ts';
import { makeImage, mountImage, unmount, whyNoMount } from './small-disk.ts';
import { WriterOutput } from './writer-process.ts';
import type { WriterOptions } from './writer.ts';

const DISK_BYTES = 256 * 1024 * 1024;
/** The machine is emulated and slow: smaller ones, so that there are many. */
const LARGEST_BATCH = 60;
const LARGEST_FILE = 400_000;
/** Not much longer than the kernel's own five seconds, after which it writes even what nobody flushed. */
const LONGEST_RUN_MS = 6000;
const BOOT_LIMIT_SECONDS = 240;
const CUTS_PER_DISK = 10;
/** Each machine keeps a core busy. */
const SIDE_BY_SIDE = 2;

export const powerFaults: FaultProof = async ({ full, seed, unsafeControl }) => {
  const found = findUsbLab();
  const reason = 'reason' in found ? found.reason : whyNoMount('ext4');
  if ('reason' in found || reason !== null) return { passed: 0, failures: [], skipped: [`power: ${reason}`] };
  const cuts = full ? 100 : 3;
  const writer = await bundleWriter();
  const failures: string[] = [];
  let [begun, done, lost] = [0, 0, 0];
  const isOver = (): boolean => begun >= cuts || failures.length > 0 || (unsafeControl && lost > 0);

  /** Cuts one disk's power again and again. */
  const cutDisk = async (number: number): Promise<void> => {
    const random = new Random(seed + number);
    const folder = mkdtempSync(join(tmpdir(), 'vantage-power-'));
    const disk = new PowerDisk({ lab: found.path, folder, writer, seed: seed + number, unsafe: unsafeControl });
    try {
      for (let cut = 0; cut < CUTS_PER_DISK && !isOver(); cut += 1) {
        begun += 1;
        await disk.runAndCut(random);
        const before = disk.acknowledged.batch;
        const checked = await disk.check(cut % 2 === 0 ? 'finish' : 'abandon');
        done += 1;
        lost += checked.lost;
        console.log(
          `cut ${done} (disk ${number}): ${before} batches and ${disk.acknowledged.files.size} files acknowledged, ` +
            `${checked.documents} documents there, ${checked.lost} lost`,
        );
        // One loss is all that the control is about.
        if (unsafeControl) break;
        failures.push(...checked.failures.map((failure) => `disk ${number}, cut ${cut + 1}: ${failure}`));
      }
    } catch (error) {
      failures.push(`disk ${number}: ${String(error)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  let disks = 0;
  const cutDisks = async (): Promise<void> => {
    while (!isOver()) {
      disks += 1;
      await cutDisk(disks);
    }
  };
  await Promise.all(Array.from({ length: full ? SIDE_BY_SIDE : 1 }, cutDisks));
  if (unsafeControl && lost === 0) failures.push('control: a writer that does not flush lost nothing');
  if (unsafeControl) console.log(`control: ${lost} acknowledged batches and files lost in ${done} cuts, as must be`);
  return { passed: done - Math.min(done, failures.length), failures };
};

interface DiskOptions {
  readonly lab: string;
  readonly folder: string;
  /** What runs in the machine. */
  readonly writer: string;
  readonly seed: number;
  readonly unsafe: boolean;
}

/** A clinic on a disk that loses its power again and again. */
class PowerDisk {
  readonly acknowledged: Acknowledged = { batch: 0, files: new Map() };
  readonly #options: DiskOptions;
  readonly #image: string;
  readonly #clinic: { readonly seed: number; readonly largestBatch: number; readonly largestFile: number };
  #reached = { batches: 0, files: 0 };
  #runs = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#image = makeImage(join(options.folder, 'disk.img'), DISK_BYTES);
    this.#clinic = { seed: options.seed, largestBatch: LARGEST_BATCH, largestFile: LARGEST_FILE };
  }

  /** Starts the machine, lets the writer acknowledge something, cuts the power at a random instant after. */
  async runAndCut(random: Random): Promise<void> {
    const { lab, folder, writer, unsafe } = this.#options;
    this.#runs += 1;
    const output = new WriterOutput(this.acknowledged);
    const options: WriterOptions = {
      ...this.#clinic,
      ...this.#reached,
      directory: join(GUEST_DISK, 'clinic'),
      reserveBytes: 0,
      unsafe,
    };
    const machine = new LabMachine({
      lab,
      state: join(folder, `run-${this.#runs}`),
      image: this.#image,
      command: [process.execPath, writer, JSON.stringify(options)],
      timeoutSeconds: BOOT_LIMIT_SECONDS,
      onOutput: (text) => output.take(text),
    });
    void machine.exited.finally(() => output.wake());
    const count = random.between(1, 4);
    while (output.count < count && machine.isRunning) await output.more();
    await Promise.race([sleep(random.between(0, LONGEST_RUN_MS)), machine.exited]);
    if (!machine.isRunning)
      throw new Error(`the machine ended by itself with ${await machine.exited}: ${machine.errors}`);
    machine.powerCut();
    const code = await machine.exited;
    if (code !== 137) throw new Error(`the machine ended with ${code} after the power cut: ${machine.errors}`);
    if (output.refusals.length > 0) throw new Error(`refused: ${JSON.stringify(output.refusals[0])}`);
  }

  async check(openGrants: 'finish' | 'abandon'): Promise<Checked> {
    const path = join(this.#options.folder, `mount-${this.#runs}`);
    mkdirSync(path);
    mountImage(this.#image, path);
    try {
      const checked = await checkClinic({
        ...this.#clinic,
        directory: join(path, 'clinic'),
        acknowledged: this.acknowledged,
        mayBeUnderWay: true,
        openGrants,
      });
      this.#reached = { batches: checked.batches, files: checked.files };
      this.acknowledged.batch = checked.batches;
      return checked;
    } finally {
      unmount(path);
    }
  }
}

/**
 * A small virtual machine with USB devices, beside the project (`../shared/usb-lab/usb-lab`) or where the environment's `USB_LAB`
 * says. It is no part of the project: who needs it is skipped by name where it is not there.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';

const ROOT = resolve(import.meta.dirname, '../..');
const WITH_DISK = join(import.meta.dirname, 'with-disk.sh');
/** Where the disk is mounted in the machine. */
export const GUEST_DISK = '/mnt/usb-disk';

export type FoundLab = { readonly path: string } | { readonly reason: string };

/** Found, and set up (`usb-lab setup`). */
export function findUsbLab(): FoundLab {
  if (process.platform !== 'linux') return { reason: 'the USB lab needs Linux' };
  const given = process.env['USB_LAB'];
  const path = given !== undefined && given.includes('/') ? given : join(ROOT, '../shared/usb-lab/usb-lab');
  if (!existsSync(path)) return { reason: 'there is no USB lab beside the project, and USB_LAB names none' };
  if (process.getuid?.() !== 0) return { reason: 'the USB lab needs root' };
  if (!existsSync(join(cacheFolder(), 'initrd.gz')))
    return { reason: 'the USB lab is not set up: run "usb-lab setup"' };
  return { path };
}

function cacheFolder(): string {
  const { USB_LAB_CACHE: given, XDG_CACHE_HOME: cache } = process.env;
  return given ?? join(cache ?? join(homedir(), '.cache'), 'usb-lab');
}

export interface LabOptions {
  readonly lab: string;
  /** A new folder for the machine's state. */
  readonly state: string;
  /** An ext4 file system, which becomes a USB disk, mounted at `GUEST_DISK`. */
  readonly image: string;
  /** Runs in the machine, which sees this machine's files read-only. */
  readonly command: readonly [string, ...string[]];
  readonly timeoutSeconds: number;
  readonly onOutput: (text: string) => void;
}

export class LabMachine {
  /** The exit code: the command's, 137 after a power cut, 124 when it took too long, 125 when the lab itself failed. */
  readonly exited: Promise<number | null>;
  readonly #options: LabOptions;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #errors = '';
  #hasEnded = false;

  constructor(options: LabOptions) {
    this.#options = options;
    const { lab, state, image, command, timeoutSeconds } = options;
    const settings = ['--state', state, '--cwd', ROOT, '--timeout', String(timeoutSeconds)];
    const disk = ['-d', `disk=storage:${image}`];
    this.#child = spawn(lab, ['run', ...settings, ...disk, '--', 'bash', WITH_DISK, GUEST_DISK, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', options.onOutput);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.exited = once(this.#child, 'close').then(([code]) => {
      this.#hasEnded = true;
      return code as number | null;
    });
  }

  get isRunning(): boolean {
    return !this.#hasEnded;
  }

  /** What came from its error stream so far. */
  get errors(): string {
    return this.#errors;
  }

  /** The machine is dead at once; what it had not flushed to the disk is lost. @throws when it was not running */
  powerCut(): void {
    const { lab, state } = this.#options;
    const told = spawnSync(lab, ['tell', state, 'power-cut'], { encoding: 'utf8' });
    if (told.status !== 0) throw new Error(`the power could not be cut: ${told.stdout}${told.stderr}`);
  }
}

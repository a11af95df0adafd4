/** What is going on with captures at this moment and is not worth keeping: bytes on their way, being judged. */
export class CaptureActivity {
  readonly #transfers = new Map<string, { readonly received: number; readonly total: number }>();
  readonly #judging = new Set<string>();
  readonly #changed: (captureId: string) => void;

  constructor(changed: (captureId: string) => void) {
    this.#changed = changed;
  }

  transferOf(captureId: string): { received: number; total: number } | null {
    return this.#transfers.get(captureId) ?? null;
  }

  isJudging(captureId: string): boolean {
    return this.#judging.has(captureId);
  }

  transferring(captureId: string, transfer: { readonly received: number; readonly total: number } | null): void {
    if (transfer === null) this.#transfers.delete(captureId);
    else this.#transfers.set(captureId, transfer);
    this.#changed(captureId);
  }

  judging(captureId: string, now: boolean): void {
    if (now) this.#judging.add(captureId);
    else this.#judging.delete(captureId);
    this.#changed(captureId);
  }
}

/** A code reader that types: quick keys and Enter, told from a person by their pace and taken anywhere. */
import { useEffect, useRef } from 'react';

/** Readers type a key every few ms, people take longer: the mean tells them apart even where the page was slow to listen. */
const LONGEST_MEAN_GAP_MS = 50;
/** A longer pause begins anew. */
const LONGEST_GAP_MS = 300;
const SHORTEST_CODE = 4;
const LONGEST_CODE = 64;

/** Collects quick keys; a pause begins anew. */
export class ScanBuffer {
  #text = '';
  #firstMs = 0;
  #lastMs = 0;

  /** @returns the code when `key` is the Enter that ends one, else null. `atMs` counts from anywhere. */
  push(key: string, atMs: number): string | null {
    if (atMs - this.#lastMs > LONGEST_GAP_MS) this.#text = '';
    if (this.#text === '') this.#firstMs = atMs;
    this.#lastMs = atMs;
    if (key === 'Enter') {
      const { length } = this.#text;
      const quick = (atMs - this.#firstMs) / length <= LONGEST_MEAN_GAP_MS;
      const code = quick && length >= SHORTEST_CODE && length <= LONGEST_CODE ? this.#text : null;
      this.#text = '';
      return code;
    }
    if (key.length === 1) this.#text += key;
    return null;
  }
}

/** Calls `onCode` for each code read while the caller is drawn. */
export function useScanner(onCode: (code: string) => void): void {
  const latest = useRef(onCode);
  useEffect(() => {
    latest.current = onCode;
  });
  useEffect(() => {
    const buffer = new ScanBuffer();
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const code = buffer.push(event.key, event.timeStamp);
      if (code === null) return;
      // The Enter belongs to the code, not to whichever button has the focus.
      event.preventDefault();
      event.stopPropagation();
      latest.current(code.trim());
    };
    window.addEventListener('keydown', listen, { capture: true });
    return () => window.removeEventListener('keydown', listen, { capture: true });
  }, []);
}

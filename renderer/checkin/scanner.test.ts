import { describe, expect, it } from 'vitest';
import { ScanBuffer } from './scanner.ts';

function typed(buffer: ScanBuffer, text: string, gapMs: number, fromMs = 1000): string | null {
  let at = fromMs;
  for (const key of text) {
    at += gapMs;
    buffer.push(key, at);
  }
  return buffer.push('Enter', at + gapMs);
}

describe('codes from a reader', () => {
  it('are taken when typed as fast as a reader types', () => {
    expect(typed(new ScanBuffer(), 'DEMO-0930', 5)).toBe('DEMO-0930');
  });

  it('are not confused with a person at the keyboard, nor with a lone Enter', () => {
    expect(typed(new ScanBuffer(), 'DEMO-0930', 90)).toBeNull();
    expect(typed(new ScanBuffer(), 'DEMO-0930', 400)).toBeNull();
    expect(new ScanBuffer().push('Enter', 5)).toBeNull();
    expect(typed(new ScanBuffer(), 'abc', 5)).toBeNull();
  });

  it('begin anew after a pause, so that a stray key before does no harm', () => {
    const buffer = new ScanBuffer();
    buffer.push('x', 10);

    expect(typed(buffer, 'DEMO-1010', 5)).toBe('DEMO-1010');
  });

  it('are taken although the page was slow to listen for a moment', () => {
    const buffer = new ScanBuffer();
    let at = 1000;
    for (const [place, key] of ['D', 'E', 'M', 'O', '-', '0', '9'].entries())
      buffer.push(key, (at += place === 3 ? 180 : 6));
    expect(buffer.push('Enter', at + 6)).toBe('DEMO-09');
  });

  it('survive the shift key that some readers send', () => {
    const buffer = new ScanBuffer();
    let at = 1000;
    for (const key of ['Shift', 'D', 'Shift', 'E', 'Shift', 'M', 'Shift', 'O']) buffer.push(key, (at += 4));
    expect(buffer.push('Enter', at + 4)).toBe('DEMO');
  });
});

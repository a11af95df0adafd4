import { describe, expect, it } from 'vitest';
import { byteRangeOf } from './byte-range.ts';

describe('byte range', () => {
  it('takes the first bytes, the last bytes and everything from a place on', () => {
    expect(byteRangeOf('bytes=0-9', 100)).toEqual({ kind: 'part', start: 0, end: 9 });
    expect(byteRangeOf('bytes=90-', 100)).toEqual({ kind: 'part', start: 90, end: 99 });
    expect(byteRangeOf('bytes=-5', 100)).toEqual({ kind: 'part', start: 95, end: 99 });
  });

  it('never reaches beyond the content', () => {
    expect(byteRangeOf('bytes=50-1000', 100)).toEqual({ kind: 'part', start: 50, end: 99 });
    expect(byteRangeOf('bytes=-1000', 100)).toEqual({ kind: 'part', start: 0, end: 99 });
    expect(byteRangeOf('bytes=100-', 100)).toEqual({ kind: 'unsatisfiable' });
    expect(byteRangeOf('bytes=-0', 100)).toEqual({ kind: 'unsatisfiable' });
    expect(byteRangeOf('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
  });

  it('answers with everything what it does not understand', () => {
    for (const header of [undefined, '', 'bytes=-', 'bytes=a-b', 'bytes=0-1,5-6', 'items=0-1', 'bytes=9-1']) {
      expect(byteRangeOf(header, 100)).toEqual({ kind: 'whole' });
    }
  });
});

/** The one range that a media request may ask for (RFC 9110, 14.1.2), for both hosts. */

export type ByteRange =
  /** No usable `Range`: everything, 200. */
  | { readonly kind: 'whole' }
  /** 206; both ends inclusive. */
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  /** 416. */
  | { readonly kind: 'unsatisfiable' };

/** Reads a `Range` header for content of `size` bytes. Several ranges, other units and nonsense mean everything. */
export function byteRangeOf(header: string | undefined, size: number): ByteRange {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  const [first = '', last = ''] = match?.slice(1) ?? [];
  if (match === null || (first === '' && last === '')) return { kind: 'whole' };
  if (first === '') {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', start: size - suffix, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  return start >= size ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
}

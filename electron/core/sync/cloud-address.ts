/** The cloud's base address as people enter it. */
import { VantageError } from '../../contract/index.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Only https, so that nobody on the way reads or changes what travels; http to this very machine, and elsewhere when a developer
 * says so. Query, fragment and credentials are not part of an address.
 *
 * @returns the address without a slash at its end
 * @throws VantageError CLOUD_ADDRESS_WRONG
 */
export function cloudAddress(text: string, allowHttp = false): string {
  const trimmed = text.trim();
  if (!URL.canParse(trimmed)) throw new VantageError('CLOUD_ADDRESS_WRONG', 'not an address');
  const url = new URL(trimmed);
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && (allowHttp || LOOPBACK.test(url.hostname)));
  if (!isSafe) throw new VantageError('CLOUD_ADDRESS_WRONG', 'not https');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new VantageError('CLOUD_ADDRESS_WRONG', 'more than an address');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

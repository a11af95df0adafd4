/** Where a window may go: our own bundle, nowhere else. Scheme and host are compared as parsed, never as substrings. */

export const BUNDLE_SCHEME = 'app';
const BUNDLE_HOST = 'bundle';
export const BUNDLE_ORIGIN = `${BUNDLE_SCHEME}://${BUNDLE_HOST}`;

/**
 * Is this address inside the bundle? No user name, no port, no other scheme; anything that does not parse is not.
 * `app://bundle.example.org`, `app://bundle@example.org` and `https://bundle` are all outside.
 */
export function isInsideBundle(address: string): boolean {
  const url = URL.parse(address);
  return (
    url !== null &&
    url.protocol === `${BUNDLE_SCHEME}:` &&
    url.host === BUNDLE_HOST &&
    url.username === '' &&
    url.password === ''
  );
}

/** A navigation as Electron's `will-navigate`, `will-redirect` and `will-frame-navigate` tell it. */
export interface Navigation {
  readonly url: string;
  readonly isMainFrame: boolean;
}

/**
 * A main frame stays on the pages it was opened with: media and scripts of the bundle are no documents. A subframe may show
 * what the bundle serves (the report's PDF).
 */
export function mayNavigate(navigation: Navigation, pages: readonly string[]): boolean {
  if (!isInsideBundle(navigation.url)) return false;
  return !navigation.isMainFrame || pages.includes(new URL(navigation.url).pathname);
}

/** May anything be requested from this address? Stands before CSP: it also holds where no document does. */
export function mayRequest(address: string, developerTools: boolean): boolean {
  if (isInsideBundle(address)) return true;
  const url = URL.parse(address);
  if (url === null) return false;
  // blob: carries the origin that made it; a page's own pictures before they are stored.
  if (url.protocol === 'blob:') return isInsideBundle(url.pathname);
  if (url.protocol === 'data:') return true;
  return developerTools && url.protocol === 'devtools:';
}

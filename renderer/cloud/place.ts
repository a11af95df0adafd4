/** Where somebody was before they went to sign in again: kept by this tab, which alone reads the part of the address after `#`. */
import { CLOUD_APP_PATHS } from '../../electron/contract/cloud-api.ts';

const KEY = 'vantage-place';

/** Leaves for the identity provider, to come back to this place. */
export function signInAgain(page: Window = window): void {
  page.sessionStorage.setItem(KEY, page.location.hash);
  page.location.assign(`${CLOUD_APP_PATHS.signIn}?again=1`);
}

/** Before the first view is drawn: back to the place that was left, once. */
export function returnToPlace(page: Window = window): void {
  const place = page.sessionStorage.getItem(KEY);
  page.sessionStorage.removeItem(KEY);
  if (place?.startsWith('#/') === true && !page.location.hash.startsWith('#/refused/')) {
    page.history.replaceState(page.history.state, '', place);
  }
}

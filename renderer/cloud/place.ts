/** Where somebody was before they went to sign in again: kept by this tab, which alone reads the part of the address after `#`. */
import { CLOUD_APP_PATHS } from '../../electron/contract/cloud-api.ts';

const KEY = 'vantage-place';

/** Leaves for the identity provider, to come back to this place. */
export function signInAgain(): void {
  window.sessionStorage.setItem(KEY, window.location.hash);
  window.location.assign(`${CLOUD_APP_PATHS.signIn}?again=1`);
}

/** Before the first view is drawn: back to the place that was left, once. */
export function returnToPlace(): void {
  const place = window.sessionStorage.getItem(KEY);
  window.sessionStorage.removeItem(KEY);
  if (place?.startsWith('#/') === true && !window.location.hash.startsWith('#/refused/')) {
    window.history.replaceState(window.history.state, '', place);
  }
}

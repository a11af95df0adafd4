/** This browser as a way to be told: its subscription at its own push service (Push API, W3C). */

/** Served at the root, so that it may open the page. */
const WORKER = '/notices.js';

interface ScriptUrlPolicy {
  readonly createScriptURL: (url: string) => string;
}
interface TrustedTypes {
  readonly createPolicy: (name: string, rules: ScriptUrlPolicy) => ScriptUrlPolicy;
}

let policy: ScriptUrlPolicy | null = null;

/** The content policy lets one address through, by one name. */
function workerAddress(): string {
  const { trustedTypes } = window as { readonly trustedTypes?: TrustedTypes };
  if (trustedTypes === undefined) return WORKER;
  policy ??= trustedTypes.createPolicy('vantage-notices', { createScriptURL: () => WORKER });
  return policy.createScriptURL(WORKER);
}

/** Whether this browser can be told at all. */
export function canBeTold(page: Window = window): boolean {
  return 'serviceWorker' in page.navigator && 'PushManager' in page && 'Notification' in page;
}

export interface Subscribed {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

/**
 * Asks the person, then the browser's push service.
 *
 * @param pushKey the cloud's, base64url @returns null when the person or the browser does not want it
 */
export async function subscribe(pushKey: string): Promise<Subscribed | null> {
  if ((await Notification.requestPermission()) !== 'granted') return null;
  try {
    await navigator.serviceWorker.register(workerAddress());
    const { pushManager } = await navigator.serviceWorker.ready;
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: pushKey });
    const { endpoint, keys } = subscription.toJSON();
    const { p256dh, auth } = keys ?? {};
    return endpoint === undefined || p256dh === undefined || auth === undefined ? null : { endpoint, p256dh, auth };
  } catch {
    return null;
  }
}

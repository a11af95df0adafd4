/** Where notices may be sent: the push services of browsers. Anybody can send an address; nothing of the cloud's own network is one. */

/** A host, or with a dot before it all hosts below. */
const KNOWN: readonly string[] = [
  'fcm.googleapis.com',
  'updates.push.services.mozilla.com',
  '.push.services.mozilla.com',
  '.notify.windows.com',
  'web.push.apple.com',
  '.push.apple.com',
];

/** @param more origins besides the known services, such as a service of one's own */
export function isPushService(endpoint: string, more: readonly string[] = []): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname, port, origin, username } = new URL(endpoint);
  if (more.includes(origin)) return username === '';
  if (protocol !== 'https:' || port !== '' || username !== '') return false;
  return KNOWN.some((host) => hostname === host || (host.startsWith('.') && hostname.endsWith(host)));
}

/** Notices to browsers by their push services (RFC 8030), signed as this cloud's (VAPID, RFC 8292). */
import { createECDH, createHash } from 'node:crypto';
import { SignJWT, importJWK } from 'jose';
import type { NoticeWay } from '../../api/internal/notice-schema.ts';
import { isPushService } from '../../api/internal/push-services.ts';
import type { Attempt } from './direct-notifier.ts';
import { NOTICE_WORDS } from './notice-words.ts';
import { encryptPush } from './push-encryption.ts';

export interface PushOptions {
  /** Private key on P-256: 32 bytes, base64url. */
  readonly privateKey: string;
  /** Of whoever runs this cloud, for push services that have a question: `mailto:` or `https:`. */
  readonly contact: string;
  /** Origins besides the known services. */
  readonly services?: readonly string[];
}

const TOKEN_SECONDS = 12 * 3600;
/** A telephone that is off gets it within this time, or never. */
const LIFE_SECONDS = 3 * 86_400;
const TIMEOUT_MS = 10_000;
const TOPIC_CHARS = 32;
const GONE: ReadonlySet<number> = new Set([404, 410]);
const TOO_MANY = 429;
const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;

/** As browsers want it for a subscription: base64url. @throws Error when the private key is none */
export function pushPublicKey(privateKey: string): string {
  return ownKey(privateKey).getPublicKey().toString('base64url');
}

export function pushSender(options: PushOptions) {
  const own = ownKey(options.privateKey);
  const point = own.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: options.privateKey,
  };
  return async (way: Extract<NoticeWay, { kind: 'push' }>, key: string, signal: AbortSignal): Promise<Attempt> => {
    if (!isPushService(way.target, options.services)) return 'gone';
    const { title, text, direction } = NOTICE_WORDS[way.locale];
    // The same news, however often it is tried: a service and a browser put one in the place of the other. Says nothing about the visit.
    const topic = createHash('sha256').update(key).digest('base64url').slice(0, TOPIC_CHARS);
    const message = { title, body: text, lang: way.locale, dir: direction, tag: topic };
    let body: Buffer;
    try {
      body = encryptPush(Buffer.from(JSON.stringify(message)), way.keys);
    } catch {
      return 'gone';
    }
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setAudience(new URL(way.target).origin)
      .setExpirationTime(`${TOKEN_SECONDS}s`)
      .setSubject(options.contact)
      .sign(await importJWK(jwk, 'ES256'));
    const response = await fetch(way.target, {
      method: 'POST',
      redirect: 'error',
      headers: {
        authorization: `vapid t=${token}, k=${point.toString('base64url')}`,
        'content-encoding': 'aes128gcm',
        'content-type': 'application/octet-stream',
        ttl: String(LIFE_SECONDS),
        topic,
      },
      body: new Uint8Array(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).catch(() => null);
    if (response === null) return 'later';
    await response.body?.cancel();
    if (response.ok) return 'delivered';
    const { status } = response;
    if (GONE.has(status)) return 'gone';
    return status >= CLIENT_ERROR && status < SERVER_ERROR && status !== TOO_MANY ? 'rejected' : 'later';
  };
}

function ownKey(privateKey: string) {
  const own = createECDH('prime256v1');
  own.setPrivateKey(Buffer.from(privateKey, 'base64url'));
  return own;
}

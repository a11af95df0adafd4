import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { importJWK, jwtVerify } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { newId } from '../../../electron/contract/index.ts';
import type { NoticeOutcome, NoticeWay } from '../../api/internal/notice-schema.ts';
import { isPushService } from '../../api/internal/push-services.ts';
import type { Attempt } from './direct-notifier.ts';
import { directNotifier } from './direct-notifier.ts';
import { mailSender } from './mail.ts';
import { NOTICE_WORDS } from './notice-words.ts';
import { encryptPush } from './push-encryption.ts';
import { pushPublicKey, pushSender } from './push.ts';

const ALIVE = new AbortController().signal;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A browser's half of a subscription, and what it makes of a message (RFC 8291, RFC 8188). */
function testBrowser() {
  const own = createECDH('prime256v1');
  const point = own.generateKeys();
  const auth = randomBytes(16);
  return {
    keys: { p256dh: point.toString('base64url'), auth: auth.toString('base64url') },
    open(body: Buffer): string {
      const salt = body.subarray(0, 16);
      const theirs = body.subarray(21, 21 + (body[20] ?? 0));
      const sealed = body.subarray(21 + theirs.length);
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), point, theirs]);
      const secret = Buffer.from(hkdfSync('sha256', own.computeSecret(theirs), auth, info, 32));
      const of = (what: string, bytes: number): Buffer =>
        Buffer.from(hkdfSync('sha256', secret, salt, `Content-Encoding: ${what}\0`, bytes));
      const cipher = createDecipheriv('aes-128-gcm', of('aes128gcm', 16), of('nonce', 12));
      cipher.setAuthTag(sealed.subarray(-16));
      const plain = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
      expect(plain.at(-1)).toBe(2);
      return plain.subarray(0, -1).toString();
    },
  };
}

interface Pushed {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A push service on this machine. */
async function pushService(status = 201): Promise<{ origin: string; pushed: Pushed[]; answer: { status: number } }> {
  const pushed: Pushed[] = [];
  const answer = { status };
  const server: Server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      pushed.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(answer.status).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pushed, answer };
}

const PRIVATE_KEY = Buffer.alloc(32, 5).toString('base64url');

describe('a push message', () => {
  it('is what RFC 8291 shows in its example', () => {
    const body = encryptPush(
      Buffer.from('When I grow up, I want to be a watermelon'),
      {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
      },
      {
        key: Buffer.from('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw', 'base64url'),
        salt: Buffer.from('DGv6ra1nlYgDCS1FRnbzlw', 'base64url'),
      },
    );
    expect(body.toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    );
  });

  it('can be opened by the browser alone, is signed as this cloud’s, and says nothing of anybody', async () => {
    const { origin, pushed } = await pushService();
    const browser = testBrowser();
    const send = pushSender({ privateKey: PRIVATE_KEY, contact: 'mailto:it@example.org', services: [origin] });
    const way = { wayId: newId(), kind: 'push', target: `${origin}/abc`, keys: browser.keys, locale: 'ar' } as const;
    const key = `session-${newId()}:7`;
    expect([await send(way, key, ALIVE), await send(way, key, ALIVE)]).toEqual(['delivered', 'delivered']);
    const [first, second] = pushed as [Pushed, Pushed];
    const message = JSON.parse(browser.open(first.body)) as Readonly<Record<string, string>>;
    expect(message).toEqual({
      title: 'Vantage',
      body: NOTICE_WORDS.ar.text,
      lang: 'ar',
      dir: 'rtl',
      tag: first.headers['topic'],
    });
    // The same at each try; and nobody can tell the visit from it.
    expect(second.headers['topic']).toBe(first.headers['topic']);
    expect(JSON.stringify([message, first.headers])).not.toContain(key.slice('session-'.length, -2));
    expect(first.body.toString('latin1')).not.toContain('Vantage');
    const [, token = '', shown = ''] = /^vapid t=([^,]+), k=(\S+)$/.exec(first.headers.authorization ?? '') ?? [];
    expect(shown).toBe(pushPublicKey(PRIVATE_KEY));
    const point = Buffer.from(shown, 'base64url');
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    };
    const { payload } = await jwtVerify(token, await importJWK(jwk, 'ES256'), { audience: origin });
    expect(payload.sub).toBe('mailto:it@example.org');
  });

  it.each([
    [410, 'gone'],
    [404, 'gone'],
    [429, 'later'],
    [503, 'later'],
    [403, 'rejected'],
  ] as const)('that is answered with %i is %s', async (status, outcome) => {
    const { origin } = await pushService(status);
    const send = pushSender({ privateKey: PRIVATE_KEY, contact: 'mailto:it@example.org', services: [origin] });
    const way = {
      wayId: newId(),
      kind: 'push',
      target: `${origin}/a`,
      keys: testBrowser().keys,
      locale: 'en',
    } as const;
    expect(await send(way, 'k', ALIVE)).toBe(outcome);
  });

  it('goes to push services, and to nothing in the cloud’s own network', async () => {
    const { origin, pushed } = await pushService();
    const send = pushSender({ privateKey: PRIVATE_KEY, contact: 'mailto:it@example.org' });
    const way = {
      wayId: newId(),
      kind: 'push',
      target: `${origin}/a`,
      keys: testBrowser().keys,
      locale: 'en',
    } as const;
    expect(await send(way, 'k', ALIVE)).toBe('gone');
    expect(pushed).toEqual([]);
    for (const good of ['https://fcm.googleapis.com/fcm/send/x', 'https://db5p.notify.windows.com/w/?token=x']) {
      expect(isPushService(good)).toBe(true);
    }
    for (const bad of [
      'http://fcm.googleapis.com/x',
      'https://fcm.googleapis.com:8443/x',
      'https://fcm.googleapis.com.example.org/x',
      'https://evilnotify.windows.com.example.org/x',
      'https://user@fcm.googleapis.com/x',
      'https://169.254.169.254/latest',
      'nonsense',
    ]) {
      expect([bad, isPushService(bad)]).toEqual([bad, false]);
    }
  });
});

/** An SMTP server of the fewest words (RFC 5321). */
async function mailServer(refusal: string | null = null): Promise<{ url: string; mails: string[] }> {
  const mails: string[] = [];
  const server = createServer((socket) => {
    let inData = false;
    let text = '';
    socket.on('error', () => undefined);
    socket.write('220 test\r\n');
    socket.on('data', (chunk) => {
      text += chunk.toString();
      for (;;) {
        if (inData) {
          const end = text.indexOf('\r\n.\r\n');
          if (end === -1) return;
          mails.push(text.slice(0, end));
          text = text.slice(end + 5);
          inData = false;
          socket.write('250 taken\r\n');
          continue;
        }
        const end = text.indexOf('\r\n');
        if (end === -1) return;
        const line = text.slice(0, end).toUpperCase();
        text = text.slice(end + 2);
        if (line.startsWith('RCPT') && refusal !== null) socket.write(`${refusal}\r\n`);
        else if (line === 'DATA') {
          inData = true;
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') socket.end('221 bye\r\n');
        else socket.write('250 ok\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(async () => new Promise((resolve) => server.close(() => resolve())));
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, mails };
}

describe('a mail', () => {
  const way = { wayId: newId(), kind: 'mail', target: 'somebody@example.org', locale: 'en' } as const;
  const options = { from: 'Vantage <no-reply@clinic.example>', pageUrl: 'https://visits.example' };

  it('says that there is news and where, under the same name at each try', async () => {
    const { url, mails } = await mailServer();
    const send = mailSender({ url, ...options });
    const key = `session-${newId()}:7`;
    expect([await send(way, key), await send(way, key)]).toEqual(['delivered', 'delivered']);
    const [mail = ''] = mails;
    expect(mail).toContain('To: somebody@example.org');
    expect(mail).toContain('Subject: Vantage\r\n');
    expect(mail.replaceAll('=\r\n', '')).toContain(NOTICE_WORDS.en.text);
    expect(mail).toContain('https://visits.example');
    expect(mail).not.toContain(key.slice('session-'.length, -2));
    const names = mails.map((each) => /^Message-ID: (.+)$/im.exec(each)?.[1]);
    expect(names[0]).toMatch(/^<[0-9a-f]{40}@clinic\.example>/);
    expect(names[1]).toBe(names[0]);
  });

  it.each([
    ['550 no such mailbox', 'rejected'],
    ['451 try again', 'later'],
  ] as const)('that is answered with %s is %s', async (refusal, outcome) => {
    const { url } = await mailServer(refusal);
    expect(await mailSender({ url, ...options })(way, 'k')).toBe(outcome);
  });

  it('goes later where no server answers', async () => {
    expect(await mailSender({ url: 'smtp://127.0.0.1:1', ...options })(way, 'k')).toBe('later');
  });
});

/** As the cloud keeps it. */
function directory(ways: NoticeWay[]) {
  const outcomes: NoticeOutcome[] = [];
  const done = (): readonly string[] => outcomes.flatMap(({ delivered, gone }) => [...delivered, ...gone]);
  return {
    outcomes,
    noticeWays: async () => Promise.resolve(ways.filter(({ wayId }) => !done().includes(wayId))),
    noticeOutcome: async (_tenantId: string, outcome: NoticeOutcome) => {
      outcomes.push(outcome);
      return Promise.resolve();
    },
  };
}

async function rejected(): Promise<Attempt> {
  return Promise.resolve('rejected');
}

describe('a patient who agreed to more than one way', () => {
  const push = { wayId: newId(), kind: 'push', target: 'p', keys: { p256dh: '', auth: '' }, locale: 'en' } as const;
  const other = { ...push, wayId: newId() };
  const mail = { wayId: newId(), kind: 'mail', target: 'm', locale: 'en' } as const;
  const notice = { tenantId: newId(), userId: newId(), template: 'something-to-see', key: 'k' } as const;

  it('is told by each once, however often it is tried, and what is gone is forgotten', async () => {
    const kept = directory([push, other, mail]);
    const told: string[] = [];
    const answers = new Map<string, Attempt[]>([
      [push.wayId, ['delivered']],
      [other.wayId, ['gone']],
      [mail.wayId, ['later', 'delivered']],
    ]);
    const send = async ({ wayId }: NoticeWay): Promise<Attempt> => {
      told.push(wayId);
      return Promise.resolve(answers.get(wayId)?.shift() ?? 'rejected');
    };
    const notifier = directNotifier({ directory: kept, push: send, mail: send });
    await expect(notifier.notify(notice, ALIVE)).rejects.toMatchObject({
      type: 'NOTICE_UNDELIVERED',
      nonRetryable: false,
    });
    await notifier.notify(notice, ALIVE);
    await notifier.notify(notice, ALIVE);
    expect(told).toEqual([push.wayId, other.wayId, mail.wayId, mail.wayId]);
    expect(kept.outcomes).toEqual([
      { key: 'k', delivered: [push.wayId], gone: [] },
      { key: 'k', delivered: [], gone: [other.wayId] },
      { key: 'k', delivered: [mail.wayId], gone: [] },
    ]);
  });

  it('is not tried again for what was refused for good, and not told by what is not configured', async () => {
    const notifier = directNotifier({ directory: directory([push]), push: rejected, mail: null });
    await expect(notifier.notify(notice, ALIVE)).rejects.toMatchObject({ type: 'NOTICE_REJECTED', nonRetryable: true });
    const silent = directNotifier({ directory: directory([mail]), push: rejected, mail: null });
    expect(await silent.notify(notice, ALIVE)).toBeUndefined();
  });
});

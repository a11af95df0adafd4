import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { webhookNotifier } from './notifier.ts';

let server: Server;
let status: number;
let asked: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
beforeEach(async () => {
  status = 204;
  asked = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      asked.push({ headers: request.headers, body });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('a notice by webhook', () => {
  it('says that there is something to see, to whom, under the same key each time, and nothing else', async () => {
    const notifier = webhookNotifier(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, 'token');
    const notice = { tenantId: newId(), userId: newId(), template: 'something-to-see', key: 'session-1:7' } as const;
    const { signal } = new AbortController();
    await notifier.notify(notice, signal);
    expect(asked[0]?.headers).toMatchObject({ 'idempotency-key': 'session-1:7', authorization: 'Bearer token' });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ userId: notice.userId, template: 'something-to-see' });
    status = 503;
    await expect(notifier.notify(notice, signal)).rejects.toMatchObject({
      type: 'NOTICE_UNDELIVERED',
      nonRetryable: false,
    });
    status = 410;
    await expect(notifier.notify(notice, signal)).rejects.toMatchObject({
      type: 'NOTICE_REJECTED',
      nonRetryable: true,
    });
  });
});

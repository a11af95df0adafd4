/** Temporal's own page through the API: who sees it, what passes to its server and back, and what does not. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { TestBrowser } from '../testing/browser.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import { pagePartOf } from './page-paths.ts';

const NAMESPACE = 'visits';
const SCRIPT = '\n  start("/ops/temporal");\n';
const DOCUMENT = `<!doctype html><script src="/ops/temporal/_app/start.js"></script><script>${SCRIPT}</script>`;
const TENANT = NORTH_HARBOUR.tenantId;

interface Reached {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What stands in for the page's server: it says what reached it. */
let reached: Reached[] = [];
let answer: (url: string, response: ServerResponse) => void;
let upstream: Server;
let cloud: TestApi;
beforeAll(async () => {
  upstream = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    reached.push({ method, url, headers });
    response.setHeader('set-cookie', '_csrf=of-the-page; Path=/');
    response.setHeader('content-security-policy', "default-src 'unsafe-eval' *");
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('x-of-the-server', 'stays behind');
    answer(url, response);
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  cloud = await startWith(TENANT);
});
afterAll(async () => {
  await cloud.close();
  upstream.close();
});
const others: TestApi[] = [];
afterEach(async () => {
  for (const other of others.splice(0)) await other.close();
});
beforeEach(() => {
  reached = [];
  answer = (url, response) => {
    if (url.includes('/_app/')) response.setHeader('content-type', 'text/javascript').end('start();');
    else if (!url.includes('/api/')) response.setHeader('content-type', 'text/html').end(DOCUMENT);
    else {
      const settings = '{"DisableWriteActions":false,"Version":"2.42.1"}';
      const namespace = `{"namespaceInfo":{"name":"${NAMESPACE}"}}`;
      response.setHeader('content-type', 'application/json').end(url.endsWith('/settings') ? settings : namespace);
    }
  };
});

async function startWith(tenantId: string | null, url: string | null = urlOfUpstream()): Promise<TestApi> {
  // Nobody asks it: the page's server does.
  const temporal = { connection: { address: '127.0.0.1:9' }, namespace: NAMESPACE };
  return startTestApi({}, { workflows: { temporal, webUrl: null, page: url === null ? null : { url, tenantId } } });
}

function urlOfUpstream(): string {
  return `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
}

async function signedIn(...who: Parameters<TestApi['subject']>): Promise<TestBrowser> {
  const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
  expect(await browser.signIn(await cloud.subject(...who))).toBe('/');
  return browser;
}

const operator = async (): Promise<TestBrowser> => signedIn('operator', NORTH_HARBOUR, true);

async function codeOf(response: Response): Promise<readonly [number, unknown]> {
  const { code } = (await response.json()) as { readonly code?: string };
  return [response.status, code];
}

async function openings(): Promise<
  readonly { readonly data: unknown; readonly actor: string; readonly role: string }[]
> {
  const { rows } = await cloud.database.admin.query<{ data: unknown; metadata: { actor: string; role: string } }>(
    "SELECT data, metadata FROM domain_events WHERE type = 'TemporalPageOpened' ORDER BY recorded_at",
  );
  return rows.map(({ data, metadata }) => ({ data, ...metadata }));
}

describe('who sees Temporal’s page', () => {
  it('is an operator or administrator of all of the clinic that was named, and nobody else', async () => {
    const letIn: string[] = [];
    const refused: (readonly [number, unknown])[] = [];
    const people: readonly (readonly [string, Parameters<TestApi['subject']>])[] = [
      ['operator', ['operator', NORTH_HARBOUR, true]],
      ['administrator', ['admin', NORTH_HARBOUR, true]],
      ['operator of a location', ['operator', NORTH_HARBOUR, false]],
      ['administrator of a location', ['admin', NORTH_HARBOUR, false]],
      ['clinician', ['clinician', NORTH_HARBOUR, true]],
      ['technician', ['technician', NORTH_HARBOUR, true]],
      ['operator elsewhere', ['operator', SOUTH_HARBOUR, true]],
    ];
    for (const [name, who] of people) {
      const response = await (await signedIn(...who)).get('/ops/temporal');
      if (response.status === 200) letIn.push(name);
      else refused.push(await codeOf(response));
    }
    expect(letIn).toEqual(['operator', 'administrator']);
    expect(refused).toEqual(Array.from({ length: 5 }, () => [403, 'NOT_ALLOWED']));
    const stranger = new TestBrowser(cloud.base, cloud.config.publicUrl);
    expect(await codeOf(await stranger.get('/ops/temporal'))).toEqual([401, 'NOT_SIGNED_IN']);
    expect(reached).toHaveLength(2);
  });

  it('leads a browser in which nobody is signed in to sign in, and from there back to where it wanted to go', async () => {
    const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
    const wanted = `/ops/temporal/namespaces/${NAMESPACE}/workflows?query=a%20%26%20b&page=2`;
    const asked = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };
    const led = await browser.get(wanted, asked);
    expect(led.status).toBe(303);
    const toProvider = await browser.get(led.headers.get('location') ?? '');
    const provider = new URL(toProvider.headers.get('location') ?? '');
    provider.searchParams.set('subject', await cloud.subject('operator', NORTH_HARBOUR, true));
    const granted = await fetch(provider, { redirect: 'manual' });
    const { pathname, search } = new URL(granted.headers.get('location') ?? '');
    const back = await browser.get(`${pathname}${search}`);
    // A redirect from another site would come without the session's cookie.
    expect([back.status, back.headers.get('location')]).toEqual([200, null]);
    expect(back.headers.get('content-type')).toContain('text/html');
    expect(await back.text()).toContain(`http-equiv="refresh" content="0;url=${wanted.replaceAll('&', '&amp;')}"`);
    expect((await browser.get(wanted, asked)).status).toBe(200);
    expect(reached.map(({ url }) => url)).toEqual([wanted]);
  });

  it('leads nobody anywhere else, and no program', async () => {
    const stranger = new TestBrowser(cloud.base, cloud.config.publicUrl);
    expect(await codeOf(await stranger.get('/ops/temporal', { accept: 'application/json' }))).toEqual([
      401,
      'NOT_SIGNED_IN',
    ]);
    for (const next of [
      'https://elsewhere.example/',
      '//elsewhere.example/ops/temporal',
      '/ops/temporal.example',
      '/v1/me',
    ]) {
      const response = await stranger.get(`/app/sign-in?next=${encodeURIComponent(next)}`);
      expect(await codeOf(response)).toEqual([400, 'INPUT_INVALID']);
    }
  });

  it('counts who is an operator somewhere and an administrator everywhere', async () => {
    const subject = await cloud.subject('operator', NORTH_HARBOUR);
    await cloud.database.admin.query(
      `INSERT INTO people_roles (id, tenant_id, person_id, role, granted_by) VALUES (gen_random_uuid(), $1, $2, 'admin', 'test')`,
      [TENANT, subject],
    );
    const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
    await browser.signIn(subject);
    expect((await browser.get('/ops/temporal')).status).toBe(200);
    expect((await openings()).at(-1)).toMatchObject({ role: 'admin' });
  });

  it('is nobody while no owner is named, and nobody where it is not configured', async () => {
    for (const [tenantId, url, expected] of [
      [null, urlOfUpstream(), [403, 'TEMPORAL_PAGE_UNASSIGNED']],
      [TENANT, null, [404, 'NOT_FOUND']],
    ] as const) {
      const other = await startWith(tenantId, url);
      others.push(other);
      const token = await other.person('operator', NORTH_HARBOUR, true);
      const response = await fetch(`${other.base}/ops/temporal`, { headers: { authorization: `Bearer ${token}` } });
      expect(await codeOf(response)).toEqual(expected);
    }
    expect(reached).toEqual([]);
  });

  it('is nobody’s page of another site', async () => {
    const browser = await operator();
    for (const site of ['cross-site', 'same-site']) {
      const response = await browser.get('/ops/temporal/api/v1/settings', { 'sec-fetch-site': site });
      expect(await codeOf(response)).toEqual([403, 'NOT_ALLOWED']);
    }
    expect(reached).toEqual([]);
  });

  it('is told once for each opening, with the workflow, before it is answered; not for what the open page asks', async () => {
    const browser = await operator();
    const before = (await openings()).length;
    await browser.get(`/ops/temporal/namespaces/${NAMESPACE}/workflows/session-1/run-1/history`, {
      'sec-fetch-dest': 'document',
    });
    await browser.get('/ops/temporal/_app/start.js', { 'sec-fetch-dest': 'script' });
    await browser.get(`/ops/temporal/api/v1/namespaces/${NAMESPACE}/workflows`, { 'sec-fetch-dest': 'empty' });
    const [opened, ...more] = (await openings()).slice(before);
    expect(opened).toEqual({
      data: { namespace: NAMESPACE, workflowId: 'session-1' },
      actor: expect.stringMatching(/^person:/),
      role: 'operator',
    });
    expect(more).toEqual([]);
    // Without the page around it, it is one by itself.
    await browser.get(`/ops/temporal/api/v1/namespaces/${NAMESPACE}/workflows`);
    answer = (_url, response) => void response.destroy();
    await browser.get('/ops/temporal');
    expect((await openings()).slice(before)).toHaveLength(3);
  });
});

describe('what passes to the page’s server', () => {
  it('is looking only', async () => {
    const browser = await operator();
    const origin = new URL(cloud.config.publicUrl).origin;
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const response = await browser.request(
        `/ops/temporal/api/v1/namespaces/${NAMESPACE}/workflows/session-1/terminate`,
        {
          method,
          headers: { origin, 'x-vantage-page': '1', 'content-type': 'text/anything' },
          ...(method !== 'OPTIONS' && { body: '{}' }),
        },
      );
      expect(response.headers.get('allow')).toBe('GET, HEAD');
      expect(await codeOf(response)).toEqual([405, 'LOOK_ONLY']);
    }
    expect(reached).toEqual([]);
    expect((await browser.request('/ops/temporal/_app/start.js', { method: 'HEAD' })).status).toBe(200);
    expect(reached.map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('is nothing of who asks: no cookie, no token, no address', async () => {
    const browser = await operator();
    await browser.get('/ops/temporal', {
      authorization: '',
      'x-forwarded-user': 'somebody',
      referer: 'https://api.test/x',
    });
    await browser.get('/ops/temporal', {
      'accept-language': 'ar',
      'x-temporal-namespace': 'other',
      connection: 'keep-alive',
    });
    const token = await cloud.person('operator', NORTH_HARBOUR, true);
    await fetch(`${cloud.base}/ops/temporal`, { headers: { authorization: `Bearer ${token}` } });
    const names = new Set(reached.flatMap(({ headers }) => Object.keys(headers)));
    const passing = ['host', 'connection', 'accept', 'accept-language'];
    expect([...names].filter((name) => !passing.includes(name))).toEqual([]);
    expect(reached.map(({ headers }) => headers.host)).toEqual(reached.map(() => new URL(urlOfUpstream()).host));
    expect(reached.at(-2)?.headers['accept-language']).toBe('ar');
  });

  it('names the one namespace, and no other by path, query or a way round', async () => {
    const browser = await operator();
    for (const path of [
      '/namespaces/other/workflows',
      '/api/v1/namespaces/other',
      '/api/v1/namespaces/other/workflows',
      `/api/v1/namespaces/${NAMESPACE}/workflows?namespace=other`,
      `/api/v1/namespaces/${NAMESPACE}/workflows?request.Namespace=other`,
      `/api/v1/namespaces/${NAMESPACE}/workflows?namespace=${NAMESPACE}&namespace=other`,
    ]) {
      expect([path, ...(await codeOf(await browser.get(`/ops/temporal${path}`)))]).toEqual([path, 403, 'NOT_ALLOWED']);
    }
    for (const path of [
      `/api/v1/namespaces/${NAMESPACE}%2F..%2Fother/workflows`,
      `/api/v1/namespaces/${NAMESPACE}/%252e%252e/other`,
      `/api/v1/namespaces/${NAMESPACE}//workflows`,
      '/api/v1/nexus/endpoints',
      '/api/v2/namespaces',
      '/api/v1/settings/more',
      '/auth/sso',
      '/render?content=x',
      '/nexus',
      '/_app',
    ]) {
      expect([path, ...(await codeOf(await browser.get(`/ops/temporal${path}`)))]).toEqual([path, 404, 'NOT_FOUND']);
    }
    expect(reached).toEqual([]);
    await browser.get(`/ops/temporal/api/v1/namespaces/${NAMESPACE}/workflows?query=TenantId%3D%22a%22&pageSize=2`);
    expect(reached.map(({ url }) => url)).toEqual([
      `/ops/temporal/api/v1/namespaces/${NAMESPACE}/workflows?query=TenantId%3D%22a%22&pageSize=2`,
    ]);
  });

  it('is read the same here and there: dots, line ends, other spellings of the path', () => {
    for (const path of [
      '/%6Fps/temporal',
      '/ops/temporalx',
      '/ops/temporal/..',
      '/ops/temporal/%2e%2e/app',
      '/ops/temporal/a%0d%0ab',
      '/ops/temporal/%zz',
    ]) {
      expect(() => pagePartOf(path, NAMESPACE)).toThrow('NOT_FOUND');
    }
    const screen = { kind: 'screen', workflowId: null };
    expect(pagePartOf('/ops/temporal/', NAMESPACE)).toEqual({ ...screen, address: '/ops/temporal' });
    expect(pagePartOf(`/ops/temporal/namespaces/${NAMESPACE}/`, NAMESPACE)).toEqual({
      ...screen,
      address: `/ops/temporal/namespaces/${NAMESPACE}`,
    });
  });
});

describe('what comes back', () => {
  it('is shown under our own policy: its scripts run, and reach nothing but the page', async () => {
    const browser = await operator();
    const response = await browser.get('/ops/temporal');
    expect(await response.text()).toBe(DOCUMENT);
    const policy = response.headers.get('content-security-policy') ?? '';
    const directives = new Map(
      policy.split('; ').map((each) => [each.split(' ', 1)[0], each.slice(each.indexOf(' ') + 1)]),
    );
    const own = `${new URL(cloud.config.publicUrl).origin}/ops/temporal/`;
    const hash = createHash('sha256').update(SCRIPT).digest('base64');
    expect(directives.get('script-src')).toBe(`${own}_app/ 'sha256-${hash}'`);
    for (const name of ['connect-src', 'form-action']) expect(directives.get(name)).toBe(own);
    expect(directives.get('img-src')).toBe(`${own} data:`);
    for (const name of ['default-src', 'frame-ancestors', 'frame-src', 'worker-src'])
      expect(directives.get(name)).toBe("'none'");
    expect(directives.get('sandbox')).not.toMatch(/popups|top-navigation/);
    expect(policy).not.toContain('unsafe-eval');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('cross-origin-opener-policy')).toBe('noopener-allow-popups');
  });

  it('brings no cookie, no policy and no headers of the server’s own', async () => {
    const browser = await operator();
    for (const path of ['', '/_app/start.js', '/api/v1/system-info', '/api/v1/settings']) {
      const response = await browser.get(`/ops/temporal${path}`);
      expect(response.status).toBe(200);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(response.headers.get('x-of-the-server')).toBeNull();
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      await response.body?.cancel();
    }
  });

  it('lists the one namespace, and shows no buttons that would be refused', async () => {
    const browser = await operator();
    expect(await (await browser.get('/ops/temporal/api/v1/namespaces?pageSize=100')).json()).toEqual({
      namespaces: [{ namespaceInfo: { name: NAMESPACE } }],
    });
    expect(reached.map(({ url }) => url)).toEqual([`/ops/temporal/api/v1/namespaces/${NAMESPACE}`]);
    expect(await (await browser.get('/ops/temporal/api/v1/settings')).json()).toMatchObject({
      DisableWriteActions: true,
      Version: '2.42.1',
    });
  });

  it('leads nowhere else, and says so when the server is away', async () => {
    const browser = await operator();
    answer = (_url, response) => void response.writeHead(302, { location: '/app/sign-in' }).end();
    const led = await browser.get('/ops/temporal');
    expect(led.headers.get('location')).toBeNull();
    expect(await codeOf(led)).toEqual([503, 'CLOUD_UNAVAILABLE']);
    answer = (_url, response) => void response.destroy();
    expect(await codeOf(await browser.get('/ops/temporal'))).toEqual([503, 'CLOUD_UNAVAILABLE']);
  });

  it('is let go of when nobody waits for it any more', async () => {
    const browser = await operator();
    const asked = new AbortController();
    const gone = new Promise<void>((resolve) => {
      answer = (_url, response) => {
        response.once('close', resolve);
        asked.abort();
      };
    });
    const path = `/ops/temporal/api/v1/namespaces/${NAMESPACE}/workflows/session-1/history?waitNewEvent=true`;
    await expect(browser.request(path, { signal: asked.signal })).rejects.toThrow('aborted');
    await gone;
  });
});

describe('the operator’s list', () => {
  it('leads to the page here, for whom it would be shown', async () => {
    const own = `${new URL(cloud.config.publicUrl).origin}/ops/temporal`;
    for (const [place, everywhere, expected] of [
      [NORTH_HARBOUR, true, own],
      [NORTH_HARBOUR, false, null],
      [SOUTH_HARBOUR, true, null],
    ] as const) {
      const browser = await signedIn('operator', place, everywhere);
      const list = await browser.client().workflows.watch({ tab: 'active' });
      for await (const { console } of list) {
        expect(console).toBe(expected);
        break;
      }
    }
  });
});

describe('the configuration', () => {
  const environment = {
    API_PUBLIC_URL: 'https://api.test',
    DATABASE_URL: 'postgres://somebody@127.0.0.1/vantage',
    API_SIGNING_KEYS: '-----BEGIN PRIVATE KEY-----',
    INTERNAL_API_SECRET: Buffer.alloc(32).toString('base64'),
    OIDC_ISSUER: 'https://login.test',
    OIDC_AUDIENCE: 'vantage',
    FILE_MASTER_KEYS: `1:${Buffer.alloc(32).toString('base64')}`,
    FILES_FOLDER: '/nowhere',
  };

  function pageOf(more: object) {
    return readConfig({ ...environment, ...more }).workflows?.page;
  }

  it('names the page’s server and its owner, and takes no address with a path', () => {
    expect(pageOf({})).toBeNull();
    expect(pageOf({ TEMPORAL_UI_URL: 'http://ui.internal:8080/' })).toEqual({
      url: 'http://ui.internal:8080',
      tenantId: null,
    });
    expect(pageOf({ TEMPORAL_UI_URL: 'http://ui.internal:8080', TEMPORAL_UI_TENANT: TENANT })).toEqual({
      url: 'http://ui.internal:8080',
      tenantId: TENANT,
    });
    expect(() => pageOf({ TEMPORAL_UI_URL: 'http://ui.internal:8080/ops/temporal' })).toThrow('TEMPORAL_UI_URL');
    expect(() => pageOf({ TEMPORAL_UI_URL: 'http://ui.internal', TEMPORAL_UI_TENANT: 'north' })).toThrow(
      'TEMPORAL_UI_TENANT',
    );
  });
});

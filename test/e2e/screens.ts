/**
 * Pictures of every screen state, from the gallery under the product's content policy: `node test/e2e/screens.ts [name...]`.
 * Also asks axe for serious accessibility violations. Writes to `test-results/screens`; exits 1 on a violation, a refused
 * resource or an error on the page. `--axe` leaves the pictures out.
 */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { CHECKIN_STATES } from '../fixtures/screens/checkin-states.ts';
import { STATES } from '../fixtures/screens/states.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const GALLERY = `${await mkdtemp(join(tmpdir(), 'vantage-gallery-'))}/`;
const OUT = here('../../test-results/screens/');
/** Pictures to show instead of the drawn ones, by name, where a folder of them is named. */
const PICTURES = process.env['VANTAGE_GALLERY_PICTURES'] ?? null;
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self' ws:",
  "frame-src 'self'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  woff2: 'font/woff2',
  jpg: 'image/jpeg',
};

async function serve(): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://gallery').pathname;
    const picture = /^\/pictures\/([a-z-]+\.jpg)$/.exec(path)?.[1];
    const file = picture === undefined ? `${GALLERY}${path.slice(1)}` : `${PICTURES ?? '/nowhere'}/${picture}`;
    void answer(path, file, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port');
  return { url: `http://127.0.0.1:${address.port}/gallery.html`, close: () => server.close() };
}

async function answer(path: string, file: string, response: ServerResponse): Promise<void> {
  try {
    const bytes = await readFile(path.includes('..') ? '/nowhere' : file);
    response.writeHead(200, {
      'content-type': TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    });
    response.end(bytes);
  } catch {
    response.writeHead(404);
    response.end();
  }
}

async function press(page: Page, what: string): Promise<void> {
  if (what.startsWith('key:')) await page.keyboard.press(what.slice(4));
  else if (what.startsWith('type:')) await page.keyboard.type(what.slice(5), { delay: 70 });
  else if (what.startsWith('keys:')) {
    for (const key of what.slice(5)) await page.keyboard.press(key, { delay: 20 });
  } else if (what.startsWith('wait:')) await page.clock.fastForward(Number(what.slice(5)));
  else if (what.startsWith('draw:')) await draw(page, what.slice(5));
  else await page.locator(what).first().click();
  await page.waitForTimeout(120);
}

/** Something like a signature, by mouse. */
async function draw(page: Page, selector: string): Promise<void> {
  const box = await page.locator(selector).boundingBox();
  if (box === null) return;
  const x = (share: number): number => box.x + box.width * share;
  const y = (share: number): number => box.y + box.height * share;
  await page.mouse.move(x(0.14), y(0.62));
  await page.mouse.down();
  for (let step = 0; step <= 90; step += 1) {
    const along = step / 90;
    await page.mouse.move(x(0.14 + 0.64 * along), y(0.5 - 0.18 * Math.sin(along * 21) * (1 - along * 0.6)));
  }
  await page.mouse.up();
}

interface Shot {
  readonly name: string;
  readonly mode: 'light' | 'dim';
  readonly state: {
    readonly time: string;
    readonly press?: readonly string[];
    readonly line?: string;
    readonly size?: { readonly width: number; readonly height: number };
  };
}

function isCheckin(name: string): boolean {
  return name in CHECKIN_STATES;
}

async function look(browser: Browser, url: string, shot: Shot, withPictures: boolean): Promise<string[]> {
  const context = await browser.newContext({
    viewport: shot.state.size ?? (isCheckin(shot.name) ? { width: 1280, height: 800 } : { width: 1920, height: 1080 }),
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`error ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.includes('404')) troubles.push(`console ${text.slice(0, 300)}`);
  });
  const [hours = '9', minutes = '0'] = shot.state.time.split(':');
  const start = new Date(2026, 10, 21, Number(hours), Number(minutes), 20);
  await page.clock.install({ time: start });
  await page.goto(`${url}?state=${shot.name}&mode=${shot.mode}`);
  await page.locator(isCheckin(shot.name) ? '.checkin' : 'footer.station').waitFor();
  await page.waitForTimeout(1000);
  for (const step of shot.state.press ?? []) await press(page, step);
  if (shot.state.line === 'lost') await page.evaluate(() => window.dispatchEvent(new Event('gallery:lose-line')));
  await page.waitForTimeout(450);
  if (withPictures) await page.screenshot({ path: `${OUT}${shot.name}${shot.mode === 'dim' ? '-dim' : ''}.png` });
  // Axe brings itself in as text, which the policy notes although the debugger may.
  page.removeAllListeners('console');
  const found = await new AxeBuilder({ page }).analyze();
  for (const violation of found.violations) {
    if (violation.impact !== 'serious' && violation.impact !== 'critical') continue;
    const where = violation.nodes.slice(0, 3).map((node) => node.target.join(' '));
    troubles.push(`axe ${violation.id}: ${where.join(' | ')}`);
  }
  await context.close();
  return troubles;
}

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const withPictures = !process.argv.includes('--axe');
await build({
  configFile: here('../fixtures/screens/vite.config.ts'),
  logLevel: 'warn',
  build: { outDir: GALLERY, emptyOutDir: true },
});
await mkdir(OUT, { recursive: true });
const server = await serve();
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--force-color-profile=srgb'],
});
let bad = 0;
for (const [name, state] of Object.entries({ ...STATES, ...CHECKIN_STATES })) {
  if (names.length > 0 && !names.includes(name)) continue;
  const modes =
    name.startsWith('retina') ||
    ['today', 'weight', 'lock', 'body', 'storage', 'storage-trouble', 'sync', 'sync-refused'].includes(name)
      ? (['light', 'dim'] as const)
      : (['light'] as const);
  for (const mode of modes) {
    const troubles = await look(browser, server.url, { name, mode, state }, withPictures);
    bad += troubles.length;
    console.log(
      `${troubles.length === 0 ? 'ok  ' : 'BAD '} ${name} ${mode}${troubles.map((each) => `\n       ${each}`).join('')}`,
    );
  }
}
await browser.close();
server.close();
await rm(GALLERY, { recursive: true });
console.log(`${bad} troubles`);
process.exitCode = bad === 0 ? 0 : 1;

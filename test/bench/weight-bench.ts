/**
 * From the last byte of a weight on the wire to the number on the screen. Ours: pseudo-terminal -> driver -> core -> host ->
 * facilitator's page. Reference: pseudo-terminal -> `serialport` -> one WebSocket -> the same page, whose other data stand still.
 * Both in the same browser, in turns. "On the screen" is the first animation frame after the number stands in the document.
 */
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { SerialPort } from 'serialport';
import { build } from 'vite';
import { WebSocketServer } from 'ws';
import { DEMONSTRATION_PIN, derivedId } from '../../electron/contract/index.ts';
import { startScaleSimulator } from '../../native/simulator/scale.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import type { StaffClient } from '../fixtures/client.ts';
import { connect, exchangeToken } from '../fixtures/client.ts';
import { openPtyPair } from '../fixtures/pty.ts';
import { startStation } from '../fixtures/station-process.ts';
import { beginVisit } from '../fixtures/visit.ts';
import type { Row } from './bench.ts';
import { percentile, ratioRow } from './bench.ts';

const ROUNDS = 3;
const SAMPLES_PER_ROUND = 250;
const INTERVAL_MS = 60;
/** Numbers that were never seen within this time were dropped, and count as this late. */
const LOST_MS = 2_000;

/** Row `weight-wire-to-screen-p99`. */
export async function weightWireToScreen(): Promise<Row> {
  const browser = await launchBrowser();
  const ours: number[] = [];
  const bare: number[] = [];
  const pages = mkdtempSync(join(tmpdir(), 'vantage-bench-pages-'));
  await build({
    configFile: join(import.meta.dirname, '../fixtures/screens/vite.config.ts'),
    logLevel: 'error',
    build: { outDir: pages, emptyOutDir: true },
  });
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(...(await measureOurs(browser)));
      bare.push(...(await measureBare(browser, pages)));
    }
  } finally {
    await browser.close();
    await rm(pages, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
  console.log(`  ${ours.length} weights each; median ${percentile(ours, 50)} ms ours, ${percentile(bare, 50)} ms bare`);
  return ratioRow(
    'weight-wire-to-screen-p99',
    'ms',
    percentile(ours, 99),
    percentile(bare, 99),
    'serialport -> WebSocket -> the same page',
    1.5,
  );
}

async function measureOurs(browser: Browser): Promise<number[]> {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-bench-'));
  const pty = await openPtyPair();
  // Identification and everything else is the simulator's; only the weights are the bench's own, so that each is unique.
  const scale = await startScaleSimulator({ port: 0, person: 'manual' });
  const tap = await tapScale(pty.b, scale.port);
  const station = await startStation({
    directory,
    devices: [
      {
        deviceId: derivedId('bench', 'scale'),
        kind: 'scale',
        name: 'Scale',
        room: 'Room 1',
        model: 'mt-sics-scale',
        address: { type: 'serial', path: pty.a, baudRate: 115_200 },
        simulated: true,
      },
    ],
  });
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  try {
    const sessionId = await prepareVisit(station.staff);
    const page = await context.newPage();
    await page.goto(`${station.staff.origin}/?t=${station.staff.token}`);
    await page.getByText('Ines Modelo').click();
    for (const digit of DEMONSTRATION_PIN) await page.keyboard.press(digit);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Today', exact: true }).waitFor();
    await page.goto(`${station.staff.origin}/#/visit/${sessionId}`);
    await page.locator('.reading').waitFor();
    return await collect(page, tap.send);
  } finally {
    await context.close();
    await station.stop();
    await tap.close();
    await scale.close();
    await pty.unplug();
    await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function prepareVisit(address: { readonly origin: string; readonly token: string }): Promise<string> {
  const connection = await connect<StaffClient>(address.origin, 'staff', await exchangeToken(address, 'staff'));
  const person = (await connection.client.access.people()).find((candidate) => candidate.initials === 'IM');
  await connection.client.access.unlock({ staffId: person?.staffId ?? '', pin: DEMONSTRATION_PIN });
  const sessionId = await beginVisit(connection.client, 'HR-04127');
  connection.close();
  return sessionId;
}

/** Joins the terminal and the simulator, leaves the simulator's weights out and lets the bench say its own. */
async function tapScale(
  path: string,
  port: number,
): Promise<{ send: (kg: string) => number; close: () => Promise<void> }> {
  const { createConnection } = await import('node:net');
  const terminal = await openTerminal(path);
  const socket = createConnection({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  terminal.on('data', (bytes: Buffer) => socket.write(bytes));
  let rest = '';
  socket.on('data', (bytes: Buffer) => {
    const lines = (rest + bytes.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    const kept = lines.filter((line) => !/^S [SDI+-]/.test(line));
    if (kept.length > 0) terminal.write(`${kept.join('\n')}\n`);
  });
  return { send: (kg) => sendWeight(terminal, kg), close: () => closeTerminal(terminal, () => socket.destroy()) };
}

async function measureBare(browser: Browser, pages: string): Promise<number[]> {
  const pty = await openPtyPair();
  const wire = await openTerminal(pty.b);
  const device = await openTerminal(pty.a);
  const http = createServer((request, response) => {
    void serveFile(pages, new URL(request.url ?? '/', 'http://bench').pathname, response);
  });
  const server = new WebSocketServer({ server: http });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  let rest = '';
  device.on('data', (bytes: Buffer) => {
    const lines = (rest + bytes.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const kg = /^S [SD]\s+([\d.]+) kg/.exec(line)?.[1];
      if (kg !== undefined) for (const client of server.clients) client.send(kg);
    }
  });
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  try {
    const page = await context.newPage();
    const connected = once(server, 'connection');
    await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/gallery.html?state=weight-relayed`);
    await connected;
    await page.locator('.reading').waitFor();
    return await collect(page, (kg) => sendWeight(wire, kg));
  } finally {
    await context.close();
    server.close();
    http.close();
    http.closeAllConnections();
    await closeTerminal(device);
    await closeTerminal(wire);
    await pty.unplug();
  }
}

/** Sends unique weights and asks the page when it showed each. @returns delays in ms. */
async function collect(page: Page, send: (kg: string) => number): Promise<number[]> {
  await page.evaluate(() => {
    const seen: Record<string, number> = {};
    (globalThis as unknown as { seen: typeof seen }).seen = seen;
    const look = (): void => {
      const text = document.querySelector('.reading')?.textContent ?? '';
      if (seen[text] === undefined) {
        seen[text] = 0;
        requestAnimationFrame(() => {
          seen[text] = performance.timeOrigin + performance.now();
        });
      }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const sent = new Map<string, number>();
  for (let index = 0; index < SAMPLES_PER_ROUND; index += 1) {
    const kg = (70 + index / 100).toFixed(2);
    sent.set(kg, send(kg));
    await sleep(INTERVAL_MS);
  }
  await sleep(500);
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: Record<string, number> }).seen);
  return [...sent].map(([kg, at]) => (seen[kg] === undefined || seen[kg] === 0 ? LOST_MS : Math.max(0, seen[kg] - at)));
}

function sendWeight(terminal: SerialPort, kg: string): number {
  terminal.write(`S D ${kg.padStart(10)} kg\r\n`);
  return performance.timeOrigin + performance.now();
}

async function openTerminal(path: string): Promise<SerialPort> {
  const terminal = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    terminal.open((error) => (error === null ? resolve() : reject(error)));
  });
  return terminal;
}

async function closeTerminal(terminal: SerialPort, also: () => void = () => undefined): Promise<void> {
  also();
  if (!terminal.isOpen) return;
  await new Promise<void>((resolve) => {
    terminal.close(() => resolve());
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

async function serveFile(directory: string, path: string, response: ServerResponse): Promise<void> {
  try {
    const bytes = await readFile(join(directory, path));
    response.setHeader('content-type', TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
    response.end(bytes);
  } catch {
    response.statusCode = 404;
    response.end();
  }
}

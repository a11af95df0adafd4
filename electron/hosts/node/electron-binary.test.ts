import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findElectron } from './electron-binary.ts';

let root = '';
let fetches = 0;
const onFetch = (): void => {
  fetches += 1;
};

beforeEach(() => {
  fetches = 0;
  root = mkdtempSync(join(tmpdir(), 'vantage-electron-'));
  mkdirSync(join(root, 'node_modules', 'electron', 'dist'), { recursive: true });
  writeFileSync(join(root, 'node_modules', 'electron', 'package.json'), '{"version":"45.4.1"}');
});
afterEach(() => rmSync(root, { recursive: true }));

const inPackage = (...parts: string[]): string => join(root, 'node_modules', 'electron', ...parts);

describe('finding Electron', () => {
  it('takes the binary it is told of, or says that it is not there', async () => {
    const path = join(root, 'my-electron');
    writeFileSync(path, '');
    expect(await findElectron({ root, environment: { ELECTRON_BINARY: path }, onFetch })).toEqual({
      kind: 'found',
      path,
    });
    const missing = await findElectron({ root, environment: { ELECTRON_BINARY: '/nowhere' }, onFetch });
    expect(missing).toMatchObject({ kind: 'missing', reason: expect.stringContaining('/nowhere') as string });
  });

  it('finds the installed one without running the package', async () => {
    writeFileSync(inPackage('path.txt'), 'electron');
    writeFileSync(inPackage('dist', 'electron'), '');
    writeFileSync(inPackage('index.js'), 'throw new Error("the import downloads");');
    expect(await findElectron({ root, environment: {}, onFetch })).toEqual({
      kind: 'found',
      path: inPackage('dist', 'electron'),
    });
  });

  it('does not begin to fetch where the download’s source answers nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const mirror = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const search = await findElectron({ root, environment: { ELECTRON_MIRROR: mirror }, onFetch });
    expect(search).toMatchObject({ kind: 'missing' });
    expect(fetches).toBe(0);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('gives up a download that does not end', async () => {
    const mirror = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(mirror, 'listening');
    writeFileSync(inPackage('install.js'), 'setInterval(() => {}, 1000);');
    const search = await findElectron({
      root,
      environment: { ELECTRON_MIRROR: `http://127.0.0.1:${(mirror.address() as AddressInfo).port}/` },
      fetchLimitMs: 500,
      onFetch,
    });
    expect(search).toEqual({ kind: 'missing', reason: 'its download did not finish in time' });
    expect(fetches).toBe(1);
    mirror.close();
  });
});

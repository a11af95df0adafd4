/** That a station has what the cloud wrote by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncView } from '../../../electron/contract/index.ts';
import type { TcpProxy } from '../processes/proxy.ts';

/** A page is kept before the next one is asked for: of two that came, the first is on the disk. */
const PAGES = 2;

/**
 * Until the station has the sessions as the cloud has them now. A line that was cut has it ask for everything again.
 * @param view what the station says at last. @param check throws where there is nothing to wait for any more
 */
export async function toldOfSessions(proxy: TcpProxy, view: () => SyncView | null, check: () => void): Promise<void> {
  for (let page = 0; page < PAGES; page += 1) {
    const since = Date.now();
    proxy.cut();
    while (pulledAt(view()) <= since) {
      check();
      await sleep(50);
    }
  }
}

function pulledAt(view: SyncView | null): number {
  const sessions = view?.collections.find(({ name }) => name === 'sessions');
  return Date.parse(sessions?.lastPulledAt ?? '') || 0;
}

/** Hands core's port to the page, and nothing else: no Electron, no Node, no function is within the page's reach. */
import { ipcRenderer } from 'electron';

const FROM_PAGE = ['vantage:port-please', 'vantage:recover'];
const TO_PAGE = ['vantage:port', 'vantage:restarting', 'vantage:working', 'vantage:problem', 'vantage:recovered'];

for (const channel of TO_PAGE) {
  ipcRenderer.on(channel, (event, detail: object) => {
    window.postMessage({ ...detail, type: channel }, window.origin, [...event.ports]);
  });
}

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  if (event.source !== window || event.origin !== window.origin) return;
  const { data } = event;
  if (typeof data !== 'object' || data === null || !('type' in data)) return;
  const channel = FROM_PAGE.find((name) => name === data.type);
  if (channel !== undefined) ipcRenderer.send(channel, 'request' in data ? data.request : null);
});

// Before the page's own scripts: these are modules, and modules wait until the document is `interactive`.
document.addEventListener('readystatechange', () => {
  document.documentElement.dataset['host'] = 'desktop';
});

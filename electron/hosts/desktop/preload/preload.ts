/** Hands core's port to the page, and nothing else: no Electron, no Node, no function is within the page's reach. */
import { ipcRenderer } from 'electron';

const FROM_PAGE = 'vantage:port-please';
const TO_PAGE = ['vantage:port', 'vantage:restarting', 'vantage:problem'];

for (const channel of TO_PAGE) {
  ipcRenderer.on(channel, (event, detail: object) => {
    window.postMessage({ ...detail, type: channel }, window.origin, [...event.ports]);
  });
}

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  if (event.source !== window || event.origin !== window.origin) return;
  const { data } = event;
  if (typeof data === 'object' && data !== null && 'type' in data && data.type === FROM_PAGE)
    ipcRenderer.send(FROM_PAGE);
});

// Before the page's own scripts: these are modules, and modules wait until the document is `interactive`.
document.addEventListener('readystatechange', () => {
  document.documentElement.dataset['host'] = 'desktop';
});

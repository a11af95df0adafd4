import { expect, it } from 'vitest';
import type { ScreenPort } from '../clinic-api.ts';
import { isFrame, onlyFrames } from './frames.ts';

const CALL = '{"i":"1","p":{"u":"/access/people"}}';

it.each([
  CALL,
  '{"i":"2","p":{"u":"/today/find","b":{"json":{"text":"ab"},"meta":[]}}}',
  '{"i":"2","p":{"u":"/visits/watch","h":{"last-event-id":"7"},"b":{"json":{}}}}',
  '{"i":"4","p":{"u":"/visits/start","h":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}}',
  '{"i":"3","t":4}',
])('lets through what a page sends: %s', (message) => {
  expect(isFrame(message)).toBe(true);
});

it.each([
  ['nothing', ''],
  ['text', 'x'],
  ['another JSON value', 'null'],
  ['no request', '{"i":"1"}'],
  ['an id that is no text', '{"i":1,"p":{"u":"/access/people"}}'],
  ['another address', '{"i":"1","p":{"u":"http://["}}'],
  ['another kind of message', '{"i":"1","t":99,"p":{}}'],
  ['a form', '{"i":"1","p":{"u":"/access/people","h":{"content-type":"multipart/form-data; boundary=x"}}}'],
  ['a file', '{"i":"1","p":{"u":"/access/people","h":{"content-disposition":"attachment"}}}'],
  ['bytes', new Uint8Array([255])],
  ['an object', { i: '1', p: { u: '/access/people' } }],
  ['brackets without end', '['.repeat(100_000)],
])('lets %s not through', (_what, message) => {
  expect(isFrame(message)).toBe(false);
});

it('closes the line at the first message that is no frame, and hands nothing on after it', () => {
  const listeners: ((event: { readonly data: unknown }) => void)[] = [];
  let closed = 0;
  let refused = 0;
  const port: ScreenPort = {
    postMessage: () => undefined,
    addEventListener: (type: 'message' | 'close', listener: (event: { readonly data: unknown }) => void) => {
      if (type === 'message') listeners.push(listener);
    },
    close: () => {
      closed += 1;
    },
  };
  const seen: unknown[] = [];
  onlyFrames(port, () => {
    refused += 1;
  }).addEventListener('message', (event) => seen.push(event.data));
  for (const data of [CALL, 'nonsense', CALL]) for (const listener of listeners) listener({ data });
  expect({ seen, closed, refused }).toEqual({ seen: [CALL], closed: 1, refused: 1 });
});

import { describe, expect, it } from 'vitest';
import { isInsideBundle, mayNavigate, mayRequest } from './navigation.ts';

const OUTSIDE = [
  'https://example.org/',
  'https://bundle/',
  'http://app//bundle/index.html',
  'app://bundle.example.org/index.html',
  'app://example.org/bundle',
  'app://bundle@example.org/',
  'app://someone@bundle/index.html',
  'app://:secret@bundle/index.html',
  'app://bundle:8080/index.html',
  'app:bundle',
  'app:///bundle/index.html',
  'apps://bundle/index.html',
  'file:///etc/passwd',
  'file://bundle/etc/passwd',
  'javascript:app://bundle/',
  'data:text/html,app://bundle/',
  'blob:https://example.org/1',
  'view-source:app://bundle/index.html',
  'chrome://gpu',
  'devtools://devtools/bundled/inspector.html',
  '',
  '//bundle/index.html',
  'app://bundle index.html',
];

describe('what lies inside the bundle', () => {
  it('our own pages and files do', () => {
    for (const address of [
      'app://bundle/index.html',
      'app://bundle/checkin.html#/found',
      'app://bundle/media/x?y=1',
      'APP://bundle/',
    ])
      expect([address, isInsideBundle(address)]).toEqual([address, true]);
  });

  it.each(OUTSIDE)('%s does not', (address) => {
    expect(isInsideBundle(address)).toBe(false);
    expect(mayNavigate({ url: address, isMainFrame: true }, ['/', '/index.html', ''])).toBe(false);
    expect(mayNavigate({ url: address, isMainFrame: false }, ['/index.html'])).toBe(false);
  });
});

const go = (url: string): boolean => mayNavigate({ url, isMainFrame: true }, ['/index.html']);

describe('navigation', () => {
  it('keeps a main frame on its own page', () => {
    expect(go('app://bundle/index.html#/visit')).toBe(true);
    expect(go('app://bundle/checkin.html')).toBe(false);
    expect(go('app://bundle/media/0123')).toBe(false);
    expect(go('app://bundle/assets/../checkin.html')).toBe(false);
  });

  it('lets a subframe show what the bundle serves', () => {
    expect(mayNavigate({ url: 'app://bundle/media/0123', isMainFrame: false }, ['/index.html'])).toBe(true);
  });
});

describe('requests', () => {
  it('go to the bundle, to data and to blobs of the bundle', () => {
    expect(mayRequest('app://bundle/assets/a.js', false)).toBe(true);
    expect(mayRequest('data:image/png;base64,AA==', false)).toBe(true);
    expect(mayRequest('blob:app://bundle/5a6b', false)).toBe(true);
  });

  it('go nowhere else', () => {
    for (const address of [
      'https://example.org/',
      'wss://example.org/',
      'ws://127.0.0.1:9',
      'blob:https://x/1',
      'nonsense',
    ])
      expect([address, mayRequest(address, true)]).toEqual([address, false]);
  });

  it('reach the developer tools only where these are on', () => {
    expect(mayRequest('devtools://devtools/x.html', true)).toBe(true);
    expect(mayRequest('devtools://devtools/x.html', false)).toBe(false);
  });
});

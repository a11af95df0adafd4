/** Puts the policies to work on Electron's sessions and contents. Every listener here refuses; what is allowed, the policies say. */
import type { Session, WebContents } from 'electron';
import type { Surface } from '../../contract/index.ts';
import { mayNavigate, mayRequest } from './policies/navigation.ts';
import { isPermissionGranted } from './policies/permissions.ts';

/** Before the session loads anything. */
export function secureSession(session: Session, surface: Surface, developerTools: boolean): void {
  session.setPermissionRequestHandler((_contents, permission, answer, details) =>
    answer(isPermissionGranted({ surface, permission, requestingUrl: details.requestingUrl })),
  );
  session.setPermissionCheckHandler((_contents, permission, requestingOrigin) =>
    isPermissionGranted({ surface, permission, requestingUrl: requestingOrigin }),
  );
  session.setDevicePermissionHandler(() => false);
  session.setUSBProtectedClassesHandler(() => []);
  session.setBluetoothPairingHandler((_details, answer) => answer({ confirmed: false }));
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  for (const device of ['select-usb-device', 'select-hid-device', 'select-serial-port'] as const) {
    // One listener type for three events that differ only in what they list.
    (session as { on(name: string, listener: (event: { preventDefault(): void }) => void): unknown }).on(
      device,
      refuse,
    );
  }
  session.on('will-download', refuse);
  session.webRequest.onBeforeRequest((details, answer) => answer({ cancel: !mayRequest(details.url, developerTools) }));
  session.setSpellCheckerEnabled(false);
}

/** @param pages the paths this window may stand on. */
export function secureContents(contents: WebContents, pages: readonly string[]): void {
  const guard = (event: { readonly url: string; readonly isMainFrame: boolean; preventDefault(): void }): void => {
    if (!mayNavigate(event, pages)) event.preventDefault();
  };
  contents.on('will-navigate', guard);
  contents.on('will-redirect', guard);
  contents.on('will-frame-navigate', guard);
  contents.on('will-attach-webview', refuse);
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

function refuse(event: { preventDefault(): void }): void {
  event.preventDefault();
}

/** A service's way to its host, the same under Electron (`process.parentPort`) and Node (`process.send`). */
import type { Envelope } from './node-launcher.ts';
import { makePort } from './service-ports.ts';
import type { PortInbox } from './service-ports.ts';
import type { ServicePort } from './service-process.ts';

export interface ParentChannel {
  postMessage(message: unknown): void;
  /** Called once, first thing. */
  listen(listener: (message: unknown, ports: readonly ServicePort[]) => void): void;
  /** The host is gone: nobody will ever ask for anything again. */
  onGone(listener: () => void): void;
}

/** The part of Electron's `MessagePortMain` that is used. Typed here because only the desktop host may import Electron. */
interface MessagePortMainLike {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  start(): void;
  close(): void;
}

interface ParentPortLike {
  postMessage(message: unknown): void;
  on(
    event: 'message',
    listener: (event: { readonly data: unknown; readonly ports: readonly MessagePortMainLike[] }) => void,
  ): unknown;
}

/** @throws when this process was started by hand, not by a host. */
export function parentChannel(): ParentChannel {
  const { parentPort } = process as { parentPort?: ParentPortLike };
  if (parentPort !== undefined) return electronChannel(parentPort);
  if (process.send === undefined) throw new Error('This is a part of the workstation; start it with `npm start`.');
  return nodeChannel();
}

function electronChannel(parentPort: ParentPortLike): ParentChannel {
  return {
    postMessage: (message) => parentPort.postMessage(message),
    listen: (listener) => {
      parentPort.on('message', (event) => listener(event.data, event.ports.map(adaptMessagePort)));
    },
    // Chromium ends a utility process when its browser process goes; there is no event for it.
    onGone: () => undefined,
  };
}

/** Electron's port as a {@link ServicePort}; also for the desktop host's own ends. */
export function adaptMessagePort(source: MessagePortMainLike): ServicePort {
  const { port, inbox } = makePort(
    (message) => source.postMessage(message),
    () => source.close(),
  );
  source.on('message', (event) => inbox.deliver(event.data));
  source.on('close', () => inbox.close());
  source.start();
  return port;
}

function send(envelope: Envelope): void {
  // A failed send means that the host is going; `disconnect` says so.
  if (process.connected) process.send?.(envelope, undefined, undefined, () => undefined);
}

function nodeChannel(): ParentChannel {
  const inboxes = new Map<number, PortInbox>();
  const receive = (id: number): ServicePort => {
    const { port, inbox } = makePort(
      (data) => send({ kind: 'port-message', port: id, data }),
      () => {
        inboxes.delete(id);
        send({ kind: 'port-close', port: id });
      },
    );
    inboxes.set(id, inbox);
    return port;
  };
  return {
    postMessage: (data) => send({ kind: 'message', data, ports: [] }),
    listen: (listener) => {
      process.on('message', (raw) => {
        const envelope = raw as Envelope;
        switch (envelope.kind) {
          case 'message':
            listener(envelope.data, envelope.ports.map(receive));
            break;
          case 'port-message':
            inboxes.get(envelope.port)?.deliver(envelope.data);
            break;
          case 'port-close': {
            const inbox = inboxes.get(envelope.port);
            inboxes.delete(envelope.port);
            inbox?.close();
            break;
          }
          default:
            envelope satisfies never;
        }
      });
    },
    onGone: (listener) => {
      process.once('disconnect', listener);
      if (!process.connected) listener();
    },
  };
}

/** Ports made of nothing but memory, and the buffering that every {@link ServicePort} promises. */
import type { ServicePort } from './service-process.ts';

/**
 * What arrives at a port, until somebody listens and after it is closed. Implementations of ServicePort hand everything to it,
 * so that the promises about order and loss are kept in one place.
 */
export class PortInbox {
  #waiting: unknown[] = [];
  #messageListeners: ((event: { readonly data: unknown }) => void)[] = [];
  #closeListeners: (() => void)[] = [];
  #flowing = false;
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  deliver(message: unknown): void {
    if (this.#closed) return;
    if (!this.#flowing) {
      this.#waiting.push(message);
      return;
    }
    for (const listener of this.#messageListeners) listener({ data: message });
  }

  listen(type: 'message' | 'close', listener: (event: { readonly data: unknown }) => void): void {
    if (type === 'close') {
      const onClose = (): void => listener({ data: undefined });
      if (this.#closed) queueMicrotask(onClose);
      else this.#closeListeners.push(onClose);
      return;
    }
    this.#messageListeners.push(listener);
    if (this.#messageListeners.length > 1) return;
    // In a microtask, so that whoever adds the first listener can add the others before the first message.
    queueMicrotask(() => this.#flow());
  }

  /** What came before stays readable; nothing comes after. */
  close(): void {
    if (this.#closed) return;
    if (this.#messageListeners.length > 0) this.#flow();
    this.#closed = true;
    const listeners = this.#closeListeners;
    this.#closeListeners = [];
    for (const listener of listeners) listener();
  }

  #flow(): void {
    if (this.#flowing || this.#closed) return;
    this.#flowing = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) this.deliver(message);
  }
}

/** A port whose sending is a function. */
export function makePort(
  send: (message: unknown) => void,
  onClose: () => void,
): { port: ServicePort; inbox: PortInbox } {
  const inbox = new PortInbox();
  return {
    inbox,
    port: {
      postMessage: (message) => {
        if (!inbox.closed) send(message);
      },
      addEventListener: (type: 'message' | 'close', listener: (event: { readonly data: unknown }) => void) =>
        inbox.listen(type, listener),
      close: () => {
        if (inbox.closed) return;
        onClose();
        inbox.close();
      },
    },
  };
}

/** Two ends in this process. Messages arrive in later turns, in order, as with real ports. */
export function makeMemoryChannel(): readonly [ServicePort, ServicePort] {
  const one = makePort(
    (message) => queueMicrotask(() => two.inbox.deliver(message)),
    () => queueMicrotask(() => two.inbox.close()),
  );
  const two: ReturnType<typeof makePort> = makePort(
    (message) => queueMicrotask(() => one.inbox.deliver(message)),
    () => queueMicrotask(() => one.inbox.close()),
  );
  return [one.port, two.port];
}

/**
 * A transport moves bytes between this machine and one device. It knows nothing of frames' meaning, of vendors or of
 * drivers. Wrapped libraries: `serialport`, `node:net`; later `usb`.
 */

/** Why a transport ended. `lost` = the other side or the cable went away; `closed` = we closed it. */
export type CloseCause =
  | { readonly kind: 'closed' }
  | { readonly kind: 'lost'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string; readonly errorCode: string | null };

/** One byte stream to one device. */
export interface Transport {
  /** Human-readable address without secrets, e.g. `tcp://127.0.0.1:4305` or `serial:/dev/ttyUSB0`. */
  readonly address: string;
  /**
   * Opens the connection.
   * @throws TransportError when it cannot be opened, or when `signal` aborts first.
   */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Hands bytes to the operating system. Resolves when they are accepted.
   * @throws TransportError after the transport has ended.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Bytes as they arrive, in order. Ends when the transport ends. One consumer. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Resolves once, when the transport has ended, with the reason. Never rejects. */
  readonly closed: Promise<CloseCause>;
  /** Closes. Idempotent; never hangs longer than a second. */
  close(): Promise<void>;
}

/** What can go wrong below a driver. `code` is stable and appears in logs and problem reports. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: 'NOT_FOUND' | 'BUSY' | 'PERMISSION' | 'TIMEOUT' | 'LOST' | 'ABORTED' | 'FAILED';
  constructor(code: TransportError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** How drivers make their {@link Outcome}s, and the log they write to. */
import type { ProblemCode } from '../../electron/contract/index.ts';
import type { Outcome } from './driver.ts';

/** Most bytes of evidence in an outcome. */
const EVIDENCE_BYTES = 256;

export type Failure = Exclude<Outcome<never>, { readonly kind: 'completed' }>;

/** pino's shape, the part of it that native needs. Ids, codes and raw device text only. */
export interface DeviceLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const SILENT_LOG: DeviceLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export function completed<T>(value: T): Outcome<T> {
  return { kind: 'completed', value };
}

/** An outcome other than completed. @param evidence raw bytes, or raw text with one character a byte. */
export function failure(
  kind: Failure['kind'],
  code: ProblemCode,
  detail: string,
  evidence: Uint8Array | string = '',
): Failure {
  const bytes = typeof evidence === 'string' ? Buffer.from(evidence, 'latin1') : Buffer.from(evidence);
  return { kind, code, detail: detail.slice(0, 500), evidence: bytes.subarray(0, EVIDENCE_BYTES).toString('hex') };
}

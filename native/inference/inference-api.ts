/**
 * What the inference process offers to core. Images and overlays are read from and written to files that core has granted;
 * no pixels cross the port.
 */
import type { InferenceStatus, JudgeRequest, Judgement } from '../../electron/contract/index.ts';
import type { CallOptions, OpenSink, WriteGrant } from '../supervisor/devices-api.ts';

/** Permission to read exactly one blob. */
export interface ReadGrant {
  readonly path: string;
  /** 256-bit key of this one blob, base64. */
  readonly key: string;
}

/** Reads a granted blob completely. @throws when it is damaged (authentication fails) or missing. */
export type ReadBlob = (grant: ReadGrant) => Promise<Uint8Array>;
/** The injected way to granted files; the same sink that devices write captures to. */
export interface BlobAccess {
  readonly read: ReadBlob;
  readonly openSink: OpenSink;
}

/** One model, run on its golden input just now. */
export interface ModelCheck {
  readonly name: string;
  /** `agrees`: within the tolerance of its manifest. `refused`: its files are not what it was released as. */
  readonly state: 'agrees' | 'differs' | 'refused' | 'failed';
  readonly provider: string | null;
  /** From the golden output, in its own unit. */
  readonly maximumDifference: number | null;
  readonly durationMs: number | null;
}

export interface InferenceApi {
  /**
   * Judges one image: quality checks with places, and, where the step asks for it and the image passes, its findings.
   * Writes `thumbnail` always and `overlay` when there is one; their hashes and sizes are in the judgement.
   */
  judge(
    input: {
      readonly request: JudgeRequest;
      readonly image: ReadGrant;
      readonly thumbnail: WriteGrant;
      readonly overlay: WriteGrant;
    },
    options?: CallOptions,
  ): Promise<Judgement>;
  /** Models and execution providers of this station: at once, then after every change. */
  watch(options?: CallOptions): Promise<AsyncIterable<InferenceStatus>>;
  /** Runs every model on its golden input and compares with its golden output. Waits for pictures that are being judged. */
  verify(options?: CallOptions): Promise<readonly ModelCheck[]>;
}

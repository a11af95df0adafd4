import type { ResyncReason } from '../../../contract/index.ts';

/** The cloud has to be read again from the beginning. */
export class ResyncNeeded extends Error {
  readonly reason: ResyncReason;
  constructor(reason: ResyncReason) {
    super(`the cloud has to be read again: ${reason}`);
    this.reason = reason;
  }
}

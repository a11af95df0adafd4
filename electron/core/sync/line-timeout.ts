import { VantageError } from '../../contract/index.ts';

/** Told from other failures of the line: connections that time out again and again are given up. */
export class LineTimeout extends VantageError {
  constructor(detail: string) {
    super('CLOUD_UNREACHABLE', detail);
  }
}

/** Which build this process runs. Processes that meet compare it first, so that parts of two versions never talk. */
import { readFileSync } from 'node:fs';

/** Put in by the bundler (`define`); absent where Node runs the sources. */
declare const VANTAGE_BUILD_ID: string | undefined;

/** A bundle's own id, or the package's version and `+source` when the sources run as they are. */
export function buildId(): string {
  return typeof VANTAGE_BUILD_ID === 'string' ? VANTAGE_BUILD_ID : `${packageVersion()}+source`;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

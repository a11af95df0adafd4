/** The line to the cloud: calls and streams over HTTP, with the cookie of whoever is signed in. Comes back by itself. */
import { RPCLink } from '@orpc/client/fetch';
import type { BrowserSessionAnswer } from '../../electron/contract/cloud-api.ts';
import { CLOUD_APP_PATHS, browserSessionSchema } from '../../electron/contract/cloud-api.ts';
import { Connection } from '../shell/connection.ts';
import { problemHere } from '../shell/problem-of.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const SESSION_TIMEOUT_MS = 8000;

export interface CloudLine {
  /** `stopped` with NOT_SIGNED_IN until somebody signs in. */
  readonly connection: Connection;
  /** Whether people can sign in here at all; null before the cloud has said so. */
  readonly canSignIn: () => boolean | null;
  /** What whoever is signed in comes as; null before the cloud has said so. */
  readonly as: () => BrowserSessionAnswer['as'];
  /** Asks again whether somebody is signed in. */
  readonly check: () => void;
}

/** Opens the line and keeps it open until the page goes, or nobody is signed in any more. */
export function openCloudLine(page: Window = window): CloudLine {
  const connection = new Connection();
  let canSignIn: boolean | null = null;
  let as: BrowserSessionAnswer['as'] = null;
  let lost = nothing;

  const keepOpen = async (): Promise<void> => {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
      const session = await askSession();
      if (session !== null) {
        ({ canSignIn, as } = session);
        if (!session.signedIn) {
          connection.stopped(problemHere('NOT_SIGNED_IN'), null);
          return;
        }
        waitMs = FIRST_WAIT_MS;
        const away = new Promise<void>((resolve) => {
          lost = resolve;
        });
        connection.opened(link);
        await away;
      }
      connection.lost(problemHere('CONNECTION_LOST'));
      await new Promise((resolve) => setTimeout(resolve, waitMs * (0.75 + Math.random() / 2)));
    }
  };

  const link = new RPCLink({
    url: `${page.location.origin}${CLOUD_APP_PATHS.rpc}`,
    // No page of another site can send it without being asked for by name first.
    headers: { 'x-vantage-page': '1' },
    fetch: async (request, init) => {
      try {
        const response = await page.fetch(request, init);
        // The session has ended: what the cloud says to the next question decides.
        if (response.status === 401) lost();
        return response;
      } catch (error) {
        if (!request.signal.aborted) lost();
        throw error;
      }
    },
  });

  void keepOpen();
  return { connection, canSignIn: () => canSignIn, as: () => as, check: () => lost() };
}

function nothing(): void {
  // No line is open yet.
}

/** @returns null when there is no answer */
async function askSession(): Promise<BrowserSessionAnswer | null> {
  try {
    const answer = await fetch(CLOUD_APP_PATHS.session, { signal: AbortSignal.timeout(SESSION_TIMEOUT_MS) });
    return answer.ok ? browserSessionSchema.parse(await answer.json()) : null;
  } catch {
    return null;
  }
}

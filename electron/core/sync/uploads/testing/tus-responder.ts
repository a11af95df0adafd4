/**
 * A cloud for tests of uploads: a real HTTP server that answers as `contract/uploads.ts` says, keeps what it is sent in memory, and can
 * be told to lose, spoil, refuse and delay.
 */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FileReceipt, FileState, ProblemCode } from '../../../../contract/index.ts';
import { FILE_STATE_HEADER, TUS_VERSION, UPLOAD_PATHS, receiptsRequestSchema } from '../../../../contract/index.ts';

interface Kept {
  readonly uploadId: string;
  readonly sha256: string;
  readonly size: number;
  pieces: Buffer[];
  offset: number;
  state: FileState;
  verifiedAt: string | null;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  /** For receipts: how many files. */
  readonly files: number;
}

/** What a test makes the cloud do; each may change while it runs. */
export interface Faults {
  /** A status instead of an answer; null: none. */
  refuse: (asked: Asked) => { readonly status: number; readonly waitSeconds?: number } | null;
  /** Waited for before a request is looked at. */
  delay: (asked: Asked) => Promise<void>;
  /** Waited for after each piece of an upload's bytes. */
  came: () => Promise<void>;
  /** Whether bytes that came are kept as something else. */
  spoil: (sha256: string) => boolean;
  /** Whether the cloud has compared a file by now. */
  compares: (sha256: string) => boolean;
}

export interface TusResponder {
  readonly url: string;
  readonly faults: Faults;
  /** In the order in which uploads came to their end. */
  readonly finished: readonly string[];
  readonly asked: readonly Asked[];
  /** Bytes of bodies that came, kept or not, of uploads. */
  received(): number;
  contentOf(sha256: string): Buffer | null;
  /** Forgets an upload as if it had never been. `gone`: and says so. */
  lose(sha256: string, how: 'unknown' | 'gone'): void;
  /** The cloud reads a file again and finds that it is not what it was. */
  takeBack(sha256: string): void;
  /** Waits for this condition, looked at after each request. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

const CODES: Readonly<Record<number, ProblemCode>> = {
  413: 'FILE_TOO_LARGE',
  429: 'TOO_MANY_REQUESTS',
  507: 'CLOUD_FULL',
};

export async function startTusResponder(): Promise<TusResponder> {
  const uploads = new Map<string, Kept>();
  const gone = new Set<string>();
  const finished: string[] = [];
  const asked: Asked[] = [];
  const watchers = new Set<() => void>();
  let received = 0;
  const faults: Faults = {
    refuse: () => null,
    delay: async () => undefined,
    came: async () => undefined,
    spoil: () => false,
    compares: () => true,
  };

  const ofContent = (sha256: string): Kept | undefined =>
    [...uploads.values()].findLast((each) => each.sha256 === sha256);

  function receiptOf(sha256: string): FileReceipt {
    const kept = ofContent(sha256);
    if (kept === undefined)
      return { sha256, state: 'absent', uploadId: null, offset: 0, size: null, verifiedAt: null, fileId: null };
    if (kept.state === 'stored' && faults.compares(sha256)) compare(kept);
    const { state, uploadId, offset, size, verifiedAt } = kept;
    return {
      sha256,
      state,
      uploadId: state === 'partial' ? uploadId : null,
      offset,
      size,
      verifiedAt,
      fileId: state === 'verified' ? uploadId : null,
    };
  }

  function compare(kept: Kept): void {
    const hash = createHash('sha256').update(Buffer.concat(kept.pieces)).digest('hex');
    kept.state = hash === kept.sha256 ? 'verified' : 'differs';
    kept.verifiedAt = kept.state === 'verified' ? new Date().toISOString() : null;
  }

  /** Keeps what comes as it comes; a cut leaves what had come. @returns whether all of it did, as its checksum says. */
  async function take(request: IncomingMessage, kept: Kept): Promise<'whole' | 'cut' | 'garbled'> {
    const before = { pieces: kept.pieces.length, offset: kept.offset };
    const hash = createHash('sha256');
    try {
      for await (const piece of request as AsyncIterable<Buffer>) {
        received += piece.length;
        hash.update(piece);
        const copy = Buffer.from(piece);
        if (faults.spoil(kept.sha256)) copy[0] = (copy[0] ?? 0) ^ 1;
        kept.pieces.push(copy);
        kept.offset += piece.length;
        await faults.came();
      }
    } catch {
      return 'cut';
    } finally {
      if (kept.offset === kept.size && kept.state === 'partial') {
        kept.state = 'stored';
        finished.push(kept.sha256);
      }
    }
    const [, claimed] = /^sha256 (\S+)$/.exec(String(request.headers['upload-checksum'] ?? '')) ?? [];
    if (claimed === undefined || claimed === hash.digest('base64')) return 'whole';
    kept.pieces = kept.pieces.slice(0, before.pieces);
    kept.offset = before.offset;
    kept.state = 'partial';
    return 'garbled';
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request;
    const isReceipts = path === UPLOAD_PATHS.receipts;
    const files = isReceipts ? receiptsRequestSchema.parse(JSON.parse(await textOf(request))).files : [];
    const entry = { method, path, files: files.length };
    asked.push(entry);
    await faults.delay(entry);
    const refused = faults.refuse(entry);
    if (refused !== null) {
      for await (const piece of request as AsyncIterable<Buffer>) received += piece.length;
      const { status, waitSeconds } = refused;
      const extra = waitSeconds === undefined ? {} : { waitSeconds };
      json(response, status, {
        code: CODES[status] ?? 'CLOUD_UNAVAILABLE',
        detail: '',
        requestId: randomUUID(),
        ...extra,
      });
      return;
    }
    if (isReceipts) return json(response, 200, { files: files.map(({ sha256 }) => receiptOf(sha256)) });
    if (method === 'POST') return create(request, response);
    const uploadId = path.split('/').at(-1) ?? '';
    const kept = uploads.get(uploadId);
    if (kept === undefined) return status(response, gone.has(uploadId) ? 410 : 404);
    if (method === 'HEAD') return status(response, 200, kept);
    if (Number(request.headers['upload-offset']) !== kept.offset) return status(response, 409, kept);
    const came = await take(request, kept);
    if (came === 'garbled') status(response, 460);
    else if (came === 'whole') status(response, 204, kept);
  }

  async function create(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { sha256 = '' } = metadataOf(request);
    const size = Number(request.headers['upload-length']);
    const kept: Kept = {
      uploadId: randomUUID(),
      sha256,
      size,
      pieces: [],
      offset: 0,
      state: 'partial',
      verifiedAt: null,
    };
    uploads.set(kept.uploadId, kept);
    const came = await take(request, kept);
    response.setHeader('Location', `${UPLOAD_PATHS.uploads}/${kept.uploadId}`);
    if (came === 'garbled') status(response, 460);
    else if (came === 'whole') status(response, 201, kept);
  }

  const server = createServer((request, response) => {
    answer(request, response)
      .catch(() => response.destroy())
      .finally(() => {
        for (const watcher of watchers) watcher();
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    finished,
    asked,
    received: () => received,
    contentOf: (sha256) => {
      const kept = ofContent(sha256);
      return kept === undefined ? null : Buffer.concat(kept.pieces);
    },
    lose(sha256, how) {
      for (const [uploadId, kept] of uploads) {
        if (kept.sha256 !== sha256) continue;
        uploads.delete(uploadId);
        if (how === 'gone') gone.add(uploadId);
      }
    },
    takeBack(sha256) {
      const kept = ofContent(sha256);
      if (kept === undefined) throw new Error('the cloud has no such file');
      kept.state = 'differs';
      kept.verifiedAt = null;
    },
    until: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!condition()) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function status(response: ServerResponse, code: number, kept?: Kept): void {
  if (kept !== undefined) {
    response.setHeader('Upload-Offset', String(kept.offset));
    response.setHeader(FILE_STATE_HEADER, kept.state);
  }
  response.setHeader('Tus-Resumable', TUS_VERSION);
  response.writeHead(code).end();
}

function json(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function metadataOf(request: IncomingMessage): Readonly<Record<string, string>> {
  const pairs = String(request.headers['upload-metadata'] ?? '').split(',');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', value = ''] = pair.split(' ');
      return [key, Buffer.from(value, 'base64').toString('utf8')];
    }),
  );
}

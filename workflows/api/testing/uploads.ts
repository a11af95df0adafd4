/** A station's uploads as the API meets them: tus by hand, over sockets that can be cut or left open at any byte. */
import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { FileReceipt } from '../../../electron/contract/index.ts';
import {
  FILE_STATE_HEADER,
  TUS_CONTENT_TYPE,
  TUS_VERSION,
  UPLOAD_PATHS,
  uploadPath,
} from '../../../electron/contract/index.ts';
import type { TestStation } from './station.ts';

export interface Content {
  readonly bytes: Buffer;
  readonly sha256: string;
}

export function newContent(size: number): Content {
  const bytes = randomBytes(size);
  return { bytes, sha256: hashOf(bytes) };
}

export function hashOf(bytes: Uint8Array, algorithm = 'sha256'): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

export function checksumOf(bytes: Uint8Array, algorithm = 'sha256'): string {
  return `${algorithm} ${createHash(algorithm).update(bytes).digest('base64')}`;
}

export function metadataOf(sha256: string, mediaType = 'image/jpeg'): string {
  return Object.entries({ sha256, mediaType })
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

export interface TusAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly offset: number;
  readonly state: string | null;
  readonly code: string | undefined;
}

export class TestUploader {
  readonly #base: string;
  readonly #station: TestStation;

  constructor(base: string, station: TestStation) {
    this.#base = base;
    this.#station = station;
  }

  async request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<TusAnswer> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: { ...this.#common(), ...headers },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      offset: Number(response.headers.get('upload-offset') ?? NaN),
      state: response.headers.get(FILE_STATE_HEADER),
      code: text === '' ? undefined : (JSON.parse(text) as { readonly code: string }).code,
    };
  }

  #common(): Record<string, string> {
    return { 'tus-resumable': TUS_VERSION, authorization: `Bearer ${this.#station.token}` };
  }

  async create(
    content: { readonly sha256: string; readonly bytes: { readonly length: number } },
    headers: Readonly<Record<string, string>> = {},
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<TusAnswer & { readonly id: string }> {
    const answer = await this.request(
      'POST',
      UPLOAD_PATHS.uploads,
      {
        'upload-length': String(content.bytes.length),
        'upload-metadata': metadataOf(content.sha256),
        ...(body !== undefined && { 'content-type': TUS_CONTENT_TYPE }),
        ...headers,
      },
      body,
    );
    return { ...answer, id: answer.headers.get('location')?.slice(uploadPath('').length) ?? '' };
  }

  async patch(
    id: string,
    offset: number,
    bytes: Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TusAnswer> {
    return this.request(
      'PATCH',
      uploadPath(id),
      { 'content-type': TUS_CONTENT_TYPE, 'upload-offset': String(offset), ...headers },
      new Uint8Array(bytes),
    );
  }

  async head(id: string): Promise<TusAnswer> {
    return this.request('HEAD', uploadPath(id));
  }

  async remove(id: string): Promise<TusAnswer> {
    return this.request('DELETE', uploadPath(id));
  }

  async receipts(hashes: readonly string[]): Promise<readonly FileReceipt[]> {
    const { status, body } = await this.#station.call(UPLOAD_PATHS.receipts, {
      files: hashes.map((sha256) => ({ sha256 })),
    });
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body['files'] as readonly FileReceipt[];
  }

  async receipt(sha256: string): Promise<FileReceipt> {
    const [receipt] = await this.receipts([sha256]);
    if (receipt === undefined) throw new Error('no receipt');
    return receipt;
  }

  /** Creates and sends all of it. @returns its id */
  async send(content: Content, mediaType = 'image/jpeg'): Promise<string> {
    const { id, offset, status } = await this.create(content, {
      'upload-metadata': metadataOf(content.sha256, mediaType),
    });
    if (status !== 201) throw new Error(`created ${status}`);
    if (offset < content.bytes.length) {
      const sent = await this.patch(id, offset, content.bytes.subarray(offset));
      if (sent.status !== 204) throw new Error(`sent ${sent.status}`);
    }
    return id;
  }

  /** Begins a PATCH of all that follows `offset` and sends `count` bytes of it; the connection stays open. */
  async beginPatch(
    id: string,
    offset: number,
    bytes: Buffer,
    count: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Socket> {
    const { hostname, port } = new URL(this.#base);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    const lines = Object.entries({
      ...this.#common(),
      host: hostname,
      'content-type': TUS_CONTENT_TYPE,
      'upload-offset': String(offset),
      'content-length': String(bytes.length - offset),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    await write(socket, Buffer.from(`PATCH ${uploadPath(id)} HTTP/1.1\r\n${lines.join('')}\r\n`));
    await write(socket, bytes.subarray(offset, offset + count));
    return socket;
  }
}

/** Until the kernel has it, or the line is gone. */
export async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    // Called with an error where the line is gone.
    socket.write(bytes, () => resolve());
  });
}

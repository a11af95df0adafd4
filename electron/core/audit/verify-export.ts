/** Reads an exported period of the trail and says whether it is what the station signed. Needs nothing but the file. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { z } from 'zod';
import { hashOf } from './chain.ts';
import { endStatement, exportLineSchema } from './audit-export.ts';
import type { exportHeaderSchema } from './audit-export.ts';
import { checkpointHashOf, isGenuine } from './checkpoints.ts';
import { isSignedBy, keyIdOf } from './signer.ts';

/** A line is never longer; a file that is something else altogether ends here and not in the memory. */
const LONGEST_LINE_BYTES = 1024 * 1024;

type ExportHeader = z.infer<typeof exportHeaderSchema>;

interface ExportFinding {
  /** From 1. */
  readonly line: number;
  readonly what: string;
}

export interface ExportVerdict {
  readonly ok: boolean;
  readonly header: ExportHeader | null;
  readonly entries: number;
  readonly checkpoints: number;
  /** The last entry that a checkpoint in the file signs. */
  readonly sealedThrough: number | null;
  /** At most 100. */
  readonly findings: readonly ExportFinding[];
}

/**
 * @param path of a file made by `exportAudit`.
 * @returns with `ok` when every line is as signed. Whether the key is the clinic's own a person has to compare: `header.keyId`.
 * @throws the file system's error where it can't be read.
 */
export async function verifyExport(path: string): Promise<ExportVerdict> {
  const reader = new ExportReader();
  for await (const line of linesOf(path)) {
    if (!reader.take(line)) break;
  }
  return reader.verdict();
}

class ExportReader {
  readonly #findings: ExportFinding[] = [];
  readonly #digest = createHash('sha256');
  #line = 0;
  #header: ExportHeader | null = null;
  #ended = false;
  #entries = 0;
  #checkpoints = 0;
  #sealedThrough: number | null = null;
  #lastHash = '';
  #lastSequence = 0;
  #lastCheckpointHash: string | null = null;
  #lastCheckpointNumber = 0;

  /** @param bytes one line with its line feed. @returns false when nothing after it makes sense any more. */
  take(bytes: Uint8Array | null): boolean {
    this.#line += 1;
    if (bytes === null) return this.#found('is too long for a line of an export', false);
    if (this.#ended) return this.#found('stands after the end', false);
    let parsed: ReturnType<typeof exportLineSchema.safeParse>;
    try {
      parsed = exportLineSchema.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    } catch {
      return this.#found('is no JSON');
    }
    if (!parsed.success) return this.#found('is no line of an export');
    const line = parsed.data;
    if (line.kind === 'header') this.#takeHeader(line);
    else if (this.#header === null) return this.#found('stands where the header should', false);
    else if (line.kind === 'entry') this.#takeEntry(line);
    else if (line.kind === 'checkpoint') this.#takeCheckpoint(line, this.#header);
    else this.#takeEnd(line, this.#header, bytes);
    this.#digest.update(bytes);
    return true;
  }

  verdict(): ExportVerdict {
    if (!this.#ended) this.#found('is where the file stops, before its end');
    return {
      ok: this.#findings.length === 0,
      header: this.#header,
      entries: this.#entries,
      checkpoints: this.#checkpoints,
      sealedThrough: this.#sealedThrough,
      findings: this.#findings.slice(0, 100),
    };
  }

  #takeHeader(header: ExportHeader): void {
    if (this.#header !== null) this.#found('is a second header');
    if (keyIdOf(header.publicKey) !== header.keyId) this.#found('names another key than the one that it holds');
    this.#header = header;
    this.#lastHash = header.previousHash;
    this.#lastSequence = (header.first ?? 1) - 1;
  }

  #takeEntry({ kind: _kind, ...entry }: Extract<z.infer<typeof exportLineSchema>, { kind: 'entry' }>): void {
    this.#entries += 1;
    if (entry.sequence !== this.#lastSequence + 1)
      this.#found(`is entry ${entry.sequence} after ${this.#lastSequence}`);
    if (entry.previousHash !== this.#lastHash) this.#found(`(entry ${entry.sequence}) does not follow the one before`);
    if (hashOf(entry) !== entry.hash) this.#found(`(entry ${entry.sequence}) was changed`);
    this.#lastSequence = entry.sequence;
    this.#lastHash = entry.hash;
  }

  #takeCheckpoint(
    { kind: _kind, ...checkpoint }: Extract<z.infer<typeof exportLineSchema>, { kind: 'checkpoint' }>,
    header: ExportHeader,
  ): void {
    this.#checkpoints += 1;
    const { number } = checkpoint;
    if (checkpoint.stationId !== header.stationId) this.#found(`(checkpoint ${number}) is another station's`);
    if (!isGenuine(checkpoint, header.publicKey))
      this.#found(`(checkpoint ${number}) is not signed with the header's key`);
    else if (checkpoint.sequence !== this.#lastSequence || checkpoint.headHash !== this.#lastHash) {
      this.#found(`(checkpoint ${number}) signs another entry than the one above it`);
    } else this.#sealedThrough = checkpoint.sequence;
    const follows =
      this.#lastCheckpointHash === null ||
      (number === this.#lastCheckpointNumber + 1 && checkpoint.previousHash === this.#lastCheckpointHash);
    if (!follows) this.#found(`(checkpoint ${number}) does not follow the one before`);
    this.#lastCheckpointHash = checkpointHashOf(checkpoint);
    this.#lastCheckpointNumber = number;
  }

  #takeEnd(
    end: Extract<z.infer<typeof exportLineSchema>, { kind: 'end' }>,
    header: ExportHeader,
    bytes: Uint8Array,
  ): void {
    this.#ended = true;
    // No hash covers this line: whatever else stood in it nobody would have signed.
    if (!Buffer.from(`${JSON.stringify(end)}\n`).equals(bytes))
      this.#found('says more, or otherwise, than an end does');
    if (end.entries !== this.#entries || end.checkpoints !== this.#checkpoints)
      this.#found('counts other lines than there are');
    if (this.#lastSequence !== (header.last ?? 0))
      this.#found(`ends at entry ${this.#lastSequence}, not ${header.last ?? 0}`);
    if (this.#digest.copy().digest('hex') !== end.sha256) this.#found('has the hash of other bytes');
    if (!isSignedBy(header.publicKey, endStatement(header.stationId, end.sha256), end.signature)) {
      this.#found("is not signed with the header's key");
    }
  }

  /** @returns whether to go on. */
  #found(what: string, goOn = true): boolean {
    this.#findings.push({ line: this.#line, what });
    return goOn;
  }
}

/** Lines with their line feeds, as bytes: the hash is over bytes. Null stands for one that is too long. */
async function* linesOf(path: string): AsyncGenerator<Uint8Array | null, void, void> {
  const file = await open(path, 'r');
  try {
    let rest = Buffer.alloc(0);
    for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      for (let at = rest.indexOf(10); at !== -1; at = rest.indexOf(10)) {
        yield rest.subarray(0, at + 1);
        rest = rest.subarray(at + 1);
      }
      if (rest.length > LONGEST_LINE_BYTES) {
        yield null;
        return;
      }
    }
    if (rest.length > 0) yield rest;
  } finally {
    await file.close();
  }
}

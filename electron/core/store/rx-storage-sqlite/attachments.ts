/** Attachments beside their documents: bytes in a table of their own, written and dropped in the document's transaction. */
import type { BulkWriteRow, RxAttachmentData, RxAttachmentWriteData } from 'rxdb';
import type { TableLayout } from './columns.ts';
import type { SqliteConnection } from './connection.ts';
import { sortKeyOf } from './sort-key.ts';

/** What was read of Blobs before the transaction, since a Blob is read asynchronously. */
export type AttachmentBytes = ReadonlyMap<Blob, Uint8Array>;

export type Attachments = Readonly<Record<string, RxAttachmentData | RxAttachmentWriteData>>;

export function blobOf(attachment: RxAttachmentData | RxAttachmentWriteData): Blob | undefined {
  return 'data' in attachment ? attachment.data : undefined;
}

export function blobsOf<RxDocType>(rows: readonly BulkWriteRow<RxDocType>[]): Blob[] {
  const blobs: Blob[] = [];
  for (const { document } of rows) {
    for (const attachment of Object.values(document._attachments)) {
      const blob = blobOf(attachment);
      if (blob !== undefined) blobs.push(blob);
    }
  }
  return blobs;
}

export async function bytesOf(blobs: readonly Blob[]): Promise<AttachmentBytes> {
  return new Map(
    await Promise.all(blobs.map(async (blob) => [blob, new Uint8Array(await blob.arrayBuffer())] as const)),
  );
}

/**
 * The first attachment that is neither given nor there already.
 * @param previous of the state that is overwritten; null if there is none.
 */
export function missingAttachment(attachments: Attachments, previous: Attachments | null): string | null {
  for (const [name, attachment] of Object.entries(attachments)) {
    if (blobOf(attachment) === undefined && previous?.[name] === undefined) return name;
  }
  return null;
}

export class AttachmentTable {
  readonly #connection: SqliteConnection;
  readonly #table: string;

  /** @returns null for a schema without attachments. */
  static of<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): AttachmentTable | null {
    return layout.attachmentsTable === null ? null : new AttachmentTable(connection, layout.attachmentsTable);
  }

  constructor(connection: SqliteConnection, table: string) {
    this.#connection = connection;
    this.#table = table;
  }

  /** @returns null if there is none of that digest. */
  read(documentId: string, name: string, digest: string): Blob | null {
    const row = this.#connection
      .arrays(`SELECT digest, type, data FROM ${this.#table} WHERE id = ? AND name = ?`)
      .get(sortKeyOf(documentId), sortKeyOf(name)) as [string, string, Uint8Array<ArrayBuffer>] | undefined;
    if (row === undefined || row[0] !== digest) return null;
    return new Blob([row[2]], { type: row[1] });
  }

  /** Makes the attachments of one document what they should be. @param bytes of every Blob among them. */
  replace(key: string, attachments: Attachments, previous: Attachments | null, bytes: AttachmentBytes): void {
    for (const name of Object.keys(previous ?? {})) {
      if (attachments[name] !== undefined) continue;
      this.#connection.statement(`DELETE FROM ${this.#table} WHERE id = ? AND name = ?`).run(key, sortKeyOf(name));
    }
    for (const [name, attachment] of Object.entries(attachments)) {
      const blob = blobOf(attachment);
      // The same digest is the same data: RxDB makes one from the other.
      if (blob === undefined || previous?.[name]?.digest === attachment.digest) continue;
      const data = bytes.get(blob);
      if (data === undefined)
        throw new TypeError('attachments are written by bulkWrite, which reads their Blobs first');
      this.#connection
        .statement(
          `INSERT INTO ${this.#table} (id, name, digest, type, data) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (id, name) DO UPDATE SET digest = excluded.digest, type = excluded.type, data = excluded.data`,
        )
        .run(key, sortKeyOf(name), attachment.digest, attachment.type, data);
    }
  }

  drop(key: string): void {
    this.#connection.statement(`DELETE FROM ${this.#table} WHERE id = ?`).run(key);
  }
}

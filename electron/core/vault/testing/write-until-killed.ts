/**
 * A core that stores pictures as fast as it can until somebody kills it. Prints a line only when a blob is committed, which is
 * when a device would be told that it may forget the picture. Arguments: directory, master key as hex, seed.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { createBlobWriter } from '../blob-file.ts';
import { openTestVault } from './test-vault.ts';

const [directory = '', keyHex = '', seed = '0'] = process.argv.slice(2);
const { vault, database } = await openTestVault(directory, Buffer.from(keyHex, 'hex'));
database.exec('CREATE TABLE IF NOT EXISTS documents (blob_id TEXT PRIMARY KEY)');
const addDocument = database.prepare<[string]>('INSERT OR IGNORE INTO documents VALUES (?)');
writeSync(1, 'ready\n');

for (let count = 0; ; count += 1) {
  // Every third content has been seen before, so that doubling is met by the kill as well.
  const content = contentOf(`${count % 3 === 2 ? 'same' : seed}-${count % 3 === 2 ? count % 2 : count}`);
  const { pendingId, grant } = await vault.grantWrite({ subject: `capture-${count}` });
  const sink = await createBlobWriter(grant);
  for (let at = 0; at < content.length; at += 100_000) await sink.write(content.subarray(at, at + 100_000));
  const prepared = await vault.prepareCommit(pendingId, { ...(await sink.finish()), mediaType: 'image/jpeg' });
  const row = database.transaction(() => {
    const inserted = vault.insertRow(prepared);
    addDocument.run(inserted.blobId);
    return inserted;
  })();
  writeSync(1, `${row.blobId} ${row.sha256}\n`);
}

function contentOf(name: string): Buffer {
  const block = createHash('sha512').update(name).digest();
  return Buffer.alloc(50_000 + (block[0] ?? 0) * 1500, block);
}

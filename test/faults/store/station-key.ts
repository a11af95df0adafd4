import { createPrivateKey } from 'node:crypto';
import { signerOf } from '../../../electron/core/audit/signer.ts';
import { KEY } from '../../../electron/core/store/testing/documents.ts';

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The same station key in each run of a writer. */
export const STATION_SIGNER = signerOf(
  createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, KEY]), format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString(),
);

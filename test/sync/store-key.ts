/** Of every store of these proofs: what lies in them is nobody's. */
export const STORE_KEY = new Uint8Array(32).fill(7);

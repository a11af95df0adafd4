/** Version of the documents and of the API. Additive changes raise the minor; see `isCompatible`. */
export const CONTRACT_VERSION = '1.0';

/** Same major = readable: unknown fields survive, missing ones have defaults. */
export function isCompatible(version: string): boolean {
  return version.split('.')[0] === CONTRACT_VERSION.split('.')[0];
}

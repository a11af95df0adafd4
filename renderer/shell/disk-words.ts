/** What a full disk lacks for the next picture, in words. Pure. */
import type { I18n } from '@lingui/core';
import { PICTURE_BYTES } from '../../electron/contract/storage.ts';
import type { StationStatus } from '../../electron/contract/views.ts';
import { formatBytes } from '../kit/format.ts';

/** How much has to be freed, or that no freeing would do. */
export function shortageWords(
  i18n: I18n,
  { freeBytes, totalBytes, reserveBytes }: Pick<StationStatus['disk'], 'freeBytes' | 'totalBytes' | 'reserveBytes'>,
): string {
  const needed = reserveBytes + PICTURE_BYTES;
  const values = {
    free: formatBytes(freeBytes),
    needed: formatBytes(needed),
    reserve: formatBytes(reserveBytes),
    picture: formatBytes(PICTURE_BYTES),
  };
  if (totalBytes < needed) {
    return i18n.t(
      'This disk is too small: it has {total} in all, and {needed} must be free ({reserve} to close visits safely, {picture} for a picture). Move the station’s data to a larger disk.',
      { ...values, total: formatBytes(totalBytes) },
    );
  }
  return i18n.t(
    '{missing} too little: {free} are free, and {needed} must be ({reserve} to close visits safely, {picture} for a picture).',
    { ...values, missing: formatBytes(Math.max(0, needed - freeBytes)) },
  );
}

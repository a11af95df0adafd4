/** Pictures and reports for a page: an address with a random id, good for whoever may see the file, written down before it is given. */
import type { Capture, Report } from '../../../electron/contract/index.ts';
import { VantageError } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { PersonCaller } from '../access/callers.ts';
import type { AccessEntry } from './access-entries.ts';
import { recordAccess } from './access-entries.ts';
import { documentById } from './read-documents.ts';

/** Where the bytes are; each reading of them is looked at anew, so the address alone opens nothing. */
export const MEDIA_PATH = '/app/files';
/** A page asks again before; nobody reads for longer than that without its being seen. */
const GOOD_FOR_MS = 10 * 60_000;

export type MediaRequest =
  | { readonly of: 'capture'; readonly captureId: string; readonly part: 'image' | 'thumbnail' | 'overlay' }
  | { readonly of: 'report'; readonly reportId: string };

export interface OpenedMedia {
  readonly path: string;
  readonly mediaType: string;
  readonly size: number;
  readonly expiresAt: string;
}

/** @throws VantageError NOT_FOUND, NOT_IN_CLOUD_YET */
export async function openMedia(
  tx: Scoped,
  caller: PersonCaller,
  request: MediaRequest,
  now: Date,
): Promise<OpenedMedia> {
  const document =
    request.of === 'report'
      ? await documentById(tx, 'reports', request.reportId)
      : await documentById(tx, 'captures', request.captureId);
  if (document === null) throw new VantageError('NOT_FOUND');
  const sha256 = request.of === 'report' ? (document as Report).sha256 : hashOf(document as Capture, request.part);
  if (sha256 === null) throw new VantageError('NOT_FOUND');
  return openFile(
    tx,
    caller,
    { sha256, locationId: document.locationId },
    {
      locationId: document.locationId,
      action: request.of === 'report' ? 'report.read' : 'picture.read',
      subjectKind: request.of,
      subjectId: document.id,
      patientId: document.patientId,
      detail: request.of === 'report' ? {} : { part: request.part },
    },
    now,
  );
}

/** @param entry written before the address is given @throws VantageError NOT_IN_CLOUD_YET */
export async function openFile(
  tx: Scoped,
  caller: PersonCaller,
  { sha256, locationId }: { readonly sha256: string; readonly locationId: string },
  entry: AccessEntry,
  now: Date,
): Promise<OpenedMedia> {
  const file = await tx
    .selectFrom('files')
    .select(['id', 'media_type', 'size'])
    .where('location_id', '=', locationId)
    .where('sha256', '=', sha256)
    .where('state', '=', 'verified')
    .executeTakeFirst();
  if (file === undefined) throw new VantageError('NOT_IN_CLOUD_YET');
  await recordAccess(tx, caller, [entry]);
  return {
    path: `${MEDIA_PATH}/${file.id}`,
    mediaType: file.media_type,
    size: file.size,
    expiresAt: new Date(now.getTime() + GOOD_FOR_MS).toISOString(),
  };
}

function hashOf(capture: Capture, part: 'image' | 'thumbnail' | 'overlay'): string | null {
  const hashes = {
    image: capture.sha256,
    // A blob's id says nothing to anybody but its station; what was judged names the content.
    thumbnail: capture.judgement?.thumbnail?.sha256,
    overlay: capture.judgement?.overlay?.sha256,
  };
  return hashes[part] ?? null;
}

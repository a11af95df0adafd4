/** Which parts of Temporal's own page may be asked for here: its screens and its API for one namespace, and nothing that names another. */
import { VantageError } from '../../../electron/contract/index.ts';

/** Where it stands in the API, and what its own server has to be told (`TEMPORAL_UI_PUBLIC_PATH`). */
export const TEMPORAL_PAGE_PATH = '/ops/temporal';

/** Address without scheme and host, written anew from what was looked at. */
interface PartAddress {
  readonly address: string;
}

export type PagePart =
  /** A document that a browser opens. */
  | (PartAddress & { readonly kind: 'screen'; readonly workflowId: string | null })
  /** Scripts, styles, fonts: the same for everybody. */
  | (PartAddress & { readonly kind: 'asset' })
  /** Answers of the API that are given as they are. */
  | (PartAddress & { readonly kind: 'data' })
  | (PartAddress & { readonly kind: 'settings' })
  /** The list of namespaces; the address is that of the one namespace. */
  | (PartAddress & { readonly kind: 'namespaces' });

/** Of an installation, and the same for all its namespaces. */
const OF_ALL = new Set(['cluster-info', 'system-info']);
const WORKFLOW_ID = /^[A-Za-z0-9][\w.:+-]{0,199}$/;

/**
 * @param url of the request, as it came
 * @throws VantageError NOT_FOUND for what is no part of it, NOT_ALLOWED for another namespace
 */
export function pagePartOf(url: string, namespace: string): PagePart {
  const at = url.indexOf('?');
  const search = at < 0 ? '' : url.slice(at);
  const segments = segmentsOf(at < 0 ? url : url.slice(0, at));
  const [first, ...rest] = segments;
  requireNamespaceIn(search, namespace);
  const address = `${addressOf(segments)}${search}`;
  if (first === undefined) return { kind: 'screen', address, workflowId: null };
  if (first === '_app' && rest.length > 0) return { kind: 'asset', address };
  if (first === 'namespaces') {
    requireNamespace(rest[0], namespace);
    const workflowId = rest[1] === 'workflows' ? (rest[2] ?? null) : null;
    return {
      kind: 'screen',
      address,
      workflowId: workflowId !== null && WORKFLOW_ID.test(workflowId) ? workflowId : null,
    };
  }
  const [version, name = '', named] = rest;
  if (first !== 'api' || version !== 'v1') throw new VantageError('NOT_FOUND');
  if (name === 'settings' && rest.length === 2) return { kind: 'settings', address };
  if (OF_ALL.has(name) && rest.length === 2) return { kind: 'data', address };
  if (name !== 'namespaces') throw new VantageError('NOT_FOUND');
  if (named === undefined) return { kind: 'namespaces', address: addressOf([...segments, namespace]) };
  requireNamespace(named, namespace);
  return { kind: 'data', address };
}

/** @throws VantageError NOT_FOUND for a path that two servers might read differently */
function segmentsOf(path: string): readonly string[] {
  if (path !== TEMPORAL_PAGE_PATH && !path.startsWith(`${TEMPORAL_PAGE_PATH}/`)) throw new VantageError('NOT_FOUND');
  return path
    .slice(TEMPORAL_PAGE_PATH.length)
    .replace(/^\//, '')
    .replace(/\/$/, '')
    .split('/')
    .filter((segment, _at, all) => segment !== '' || all.length > 1)
    .map((segment) => {
      const text = decoded(segment);
      // oxlint-disable-next-line no-control-regex -- they are what is looked for
      if (text === '' || text === '.' || text === '..' || /[/\\%\u0000-\u001F\u007F]/.test(text)) {
        throw new VantageError('NOT_FOUND');
      }
      return text;
    });
}

function addressOf(segments: readonly string[]): string {
  return [TEMPORAL_PAGE_PATH, ...segments.map(encodeURIComponent)].join('/');
}

function requireNamespace(named: string | undefined, namespace: string): void {
  if (named !== undefined && named !== namespace) throw new VantageError('NOT_ALLOWED', 'another namespace');
}

/** Fields of a request may stand in its query, too. */
function requireNamespaceIn(search: string, namespace: string): void {
  for (const [name, value] of new URLSearchParams(search)) {
    if (/namespace/i.test(name)) requireNamespace(value, namespace);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new VantageError('NOT_FOUND');
  }
}

/** Puts a measured value into a check with its limit and provenance. */
import { createHash } from 'node:crypto';
import { canonicalMeasure, type PublishedMeasure } from '../../../electron/contract/measures/image-quality.ts';
import type { Check, Provenance, Reason } from '../../../electron/contract/index.ts';
import { IMAGE_RUNTIME } from '../image.ts';

/** What one measure found: which of its criteria decided, and why it failed. */
export interface Finding {
  readonly value: number;
  readonly limit: number;
  readonly direction: Check['direction'];
  readonly unit: Check['unit'];
  /** null = passed. */
  readonly reason: Reason | null;
}

/** SHA-256 of the published definition as canonical JSON. */
function measureHash(measure: PublishedMeasure): string {
  return createHash('sha256').update(canonicalMeasure(measure)).digest('hex');
}

/** Measures, and makes a check of what was found. */
export function runCheck(id: Check['id'], measure: PublishedMeasure, find: () => Finding): Check {
  const started = performance.now();
  const finding = find();
  const provenance: Provenance = {
    model: measure.name,
    version: measure.version,
    sha256: measureHash(measure),
    provider: 'cpu',
    runtime: IMAGE_RUNTIME,
    durationMs: performance.now() - started,
  };
  return { id, passed: finding.reason === null, ...finding, provenance };
}

/** The first criterion that failed, or else the first: so that the number shown is the one that decides. */
export function deciding(findings: readonly [Finding, ...Finding[]]): Finding {
  return findings.find((finding) => finding.reason !== null) ?? findings[0];
}

/** A criterion with its reason if `value` does not keep the limit. */
export function criterion(
  value: number,
  direction: Check['direction'],
  limit: number,
  unit: Check['unit'],
  reason: Reason,
): Finding {
  const kept = direction === 'at-least' ? value >= limit : value <= limit;
  return { value, limit, direction, unit, reason: kept ? null : reason };
}

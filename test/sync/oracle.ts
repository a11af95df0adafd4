/**
 * Knows every write that was acknowledged, and says what the clinic may look like after everything has come together.
 *
 * A write is one value of one group of fields of one document (that it is deleted or not is a group, too), with the clock it was given
 * and the value that its writer saw before. At the end, per group:
 * - the value is one that somebody wrote, all of its fields from the same write;
 * - nobody had seen that value and then written another with a later clock;
 * - among those that nobody had written over, the one with the latest clock wins, where all of these clocks were about right; what the
 *   document was made with gives way to what it was changed to.
 */
import {
  BOOKKEEPING_FIELDS,
  MAX_DRIFT_MS,
  canonical,
  compareHlc,
  fieldGroups,
  parseHlc,
} from '../../electron/contract/index.ts';
import type { CollectionName } from '../../electron/contract/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A document as it is kept somewhere at the end, or was before a write. */
export interface Kept {
  readonly document: Fields;
  readonly deleted: boolean;
}

/** What a writer did to one document; `before` null: there was none, or a deleted one. */
export interface Written {
  readonly collection: CollectionName;
  readonly id: string;
  readonly before: Fields | null;
  /** null: deleted. */
  readonly after: Fields | null;
  /** Whether its deletion was known to whoever made it again. */
  readonly again: boolean;
  /** The true time, ms since 1970. */
  readonly at: number;
}

interface GroupWrite {
  readonly value: string;
  /** The value that the writer saw; null: none. */
  readonly seen: string | null;
  readonly clock: string;
  /** Whether the document was made with it. */
  readonly made: boolean;
  /** Whether the clock was about right when it was given. */
  readonly sane: boolean;
}

interface KnownDocument {
  groups: Map<string, GroupWrite[]>;
  /** How often it was made, deleted, and made again by somebody who knew that it had been deleted. */
  inserted: number;
  deleted: number;
  again: number;
  /** Whether the cloud has let go of its deletion, so that it may be nowhere any more. */
  purged: boolean;
  /** Since then: at how many stations it is there, or was written, of which the cloud knows nothing. */
  alive: number;
}

/** Differ by which station wrote first, and say nothing of what people wrote. */
const UNWRITTEN = new Set<string>([...BOOKKEEPING_FIELDS, 'createdAt', 'cloud']);

export class Oracle {
  readonly #documents = new Map<string, KnownDocument>();
  #writes = 0;

  /** How many writes of documents were acknowledged. */
  get writes(): number {
    return this.#writes;
  }

  get documents(): number {
    return this.#documents.size;
  }

  add(written: Written): void {
    const { collection, before, after, again } = written;
    const key = `${collection}/${written.id}`;
    const known = this.#documents.get(key) ?? newlyKnown();
    this.#documents.set(key, known);
    this.#writes += 1;
    if (after === null) {
      known.deleted += 1;
      return;
    }
    known.alive += 1;
    if (before === null) known.inserted += 1;
    if (again) known.again += 1;
    const old = before === null ? new Map<string, string>() : groupsOf(collection, before);
    const clocks = after['hlc'] as Readonly<Record<string, string>>;
    for (const [group, value] of groupsOf(collection, after)) {
      const seen = old.get(group) ?? null;
      if (seen === value) continue;
      const clock = clocks[group] ?? '';
      const sane = Math.abs((parseHlc(clock)?.ms ?? 0) - written.at) <= MAX_DRIFT_MS;
      known.groups.set(group, [
        ...(known.groups.get(group) ?? []),
        { value, seen, clock, made: before === null, sane },
      ]);
    }
  }

  /**
   * The cloud has let go of a deletion. What counts from now on is what stations have of the document and the cloud does not know: where
   * it was changed or made, it comes back as it is there; else nobody may see it again. A change of what turned out to be deleted is
   * still to come, too, with the deletion: where somebody has made the document again, it is merged into that.
   * @param unpushed the document at these stations
   */
  purge(key: string, unpushed: readonly Kept[]): void {
    const known = this.#documents.get(key) ?? newlyKnown();
    const collection = key.slice(0, key.indexOf('/')) as CollectionName;
    const alive = unpushed.filter(({ deleted }) => !deleted);
    const there = unpushed.map(({ document }) => groupsOf(collection, document));
    const groups = [...known.groups].map(
      ([group, writes]) =>
        [group, writes.filter(({ value }) => there.some((values) => values.get(group) === value))] as const,
    );
    this.#documents.set(key, {
      ...newlyKnown(),
      groups: new Map(groups.filter(([, writes]) => writes.length > 0)),
      deleted: unpushed.length - alive.length,
      again: alive.length > 0 ? known.again : 0,
      purged: true,
      alive: alive.length,
    });
  }

  /** @param kept everything that is there at the end, by `<collection>/<id>`. @returns a line for everything that must not be so */
  failuresOf(kept: ReadonlyMap<string, Kept>): string[] {
    const failures: string[] = [];
    for (const key of kept.keys()) if (!this.#documents.has(key)) failures.push(`${key} was never written by anybody`);
    for (const [key, known] of this.#documents) {
      const now = kept.get(key);
      if (now === undefined) {
        if (known.purged && known.alive === 0) continue;
        failures.push(`${key} is lost: made ${known.inserted} times, deleted ${known.deleted} times`);
        continue;
      }
      if (now.deleted && known.deleted === 0) failures.push(`${key} is deleted, and nobody deleted it`);
      if (!now.deleted && known.purged && known.alive === 0)
        failures.push(`${key} was deleted, and is there again after that was purged`);
      if (!now.deleted && !known.purged && known.deleted > 0 && known.again === 0)
        failures.push(`${key} was deleted and is there again, and nobody made it again`);
      const collection = key.slice(0, key.indexOf('/')) as CollectionName;
      const values = groupsOf(collection, now.document);
      for (const [group, writes] of known.groups) {
        // Of one that is deleted once more nobody asks which of its states went with it.
        const isLoose = known.again > 0 || (known.purged && now.deleted);
        const failure = failureOf(writes, values.get(group) ?? NOTHING, isLoose);
        if (failure !== null) failures.push(`${key} ${group}: ${failure}`);
      }
    }
    return failures;
  }
}

function newlyKnown(): KnownDocument {
  return { groups: new Map(), inserted: 0, deleted: 0, again: 0, purged: false, alive: 0 };
}

/** What a document has in a group of which it has no field. */
const NOTHING = 'nothing';

/** @param again the document was made again after it had been deleted, which no clock of the first one precedes */
function failureOf(writes: readonly GroupWrite[], value: string, again: boolean): string | null {
  const winners = writes.filter((write) => write.value === value);
  // Who makes a document again may leave out what it had before.
  if (again && value === NOTHING) return null;
  if (winners.length === 0) return `has ${brief(value)}, which nobody wrote`;
  if (again) return null;
  const open = writes.filter((write) => !isWrittenOver(write, writes));
  const winner = winners.find((write) => open.includes(write));
  if (winner === undefined) return `has ${brief(value)}, which somebody had seen and changed later`;
  if (!open.every((write) => write.sane)) return null;
  // What a document is made with in more than one place (a default) is no change to whoever merges three ways.
  const once = open.filter((write) => writes.every((other) => other === write || other.value !== write.value));
  if (!once.includes(winner)) return null;
  const latest = once.reduce((best, write) => (goesBefore(write, best) ? write : best));
  return latest.value === value
    ? null
    : `has ${brief(value)} of ${winner.clock}; ${brief(latest.value)} of ${latest.clock} was later`;
}

function goesBefore(left: GroupWrite, right: GroupWrite): boolean {
  return left.made === right.made ? compareHlc(left.clock, right.clock) > 0 : right.made;
}

function isWrittenOver(write: GroupWrite, writes: readonly GroupWrite[]): boolean {
  return writes.some(
    (other) => other !== write && other.seen === write.value && compareHlc(other.clock, write.clock) > 0,
  );
}

/** Group -> its fields' values as text. */
function groupsOf(collection: CollectionName, document: Fields): Map<string, string> {
  const members = new Map<string, Record<string, unknown>>();
  for (const [field, value] of Object.entries(document)) {
    if (UNWRITTEN.has(field)) continue;
    const group = fieldGroups[collection][field] ?? field;
    members.set(group, { ...members.get(group), [field]: value });
  }
  return new Map([...members].map(([group, fields]) => [group, canonical(fields)]));
}

const LONGEST_TEXT = 200;

function brief(value: string): string {
  return value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}...` : value;
}

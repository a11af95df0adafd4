/** Rows of a benchmark, as people read them and as `--json` prints them. */

export interface Row {
  readonly measure: string;
  readonly unit: string;
  /** Median (or the percentile that the measure's name says). */
  readonly ours: number;
  /** The same by the bare libraries, in the same run; null where there is nothing to compare with. */
  readonly reference: number | null;
  readonly referenceName: string | null;
  /** ours / reference. */
  readonly ratio: number | null;
  /** Of the ratio (of `ours` where there is nothing to compare with): the most that is good enough, of a rate the least. */
  readonly goal: number | null;
  readonly met: boolean | null;
}

/** @param goal the greatest ratio that is good enough. */
export function ratioRow(
  measure: string,
  unit: string,
  ours: number,
  reference: number,
  referenceName: string,
  goal: number,
): Row {
  const ratio = ours / reference;
  return {
    measure,
    unit,
    ours: round(ours),
    reference: round(reference),
    referenceName,
    ratio: round(ratio),
    goal,
    met: ratio <= goal,
  };
}

/** @param goal the least ratio that is good enough. */
export function rateRow(
  measure: string,
  unit: string,
  ours: number,
  reference: number,
  referenceName: string,
  goal: number,
): Row {
  const row = ratioRow(measure, unit, ours, reference, referenceName, goal);
  return { ...row, met: ours / reference >= goal };
}

/** Nothing to compare with. @param goal the most that is good enough. */
export function limitRow(measure: string, unit: string, ours: number, goal: number): Row {
  return {
    measure,
    unit,
    ours: round(ours),
    reference: null,
    referenceName: null,
    ratio: null,
    goal,
    met: ours <= goal,
  };
}

export function printRows(rows: readonly Row[]): void {
  for (const row of rows) {
    const against =
      row.reference === null ? '' : `, ${row.referenceName}: ${row.reference} ${row.unit}, ratio ${row.ratio}`;
    const verdict = row.met === null ? '' : `, goal ${row.goal} ${row.met ? 'met' : 'NOT met'}`;
    console.log(`${row.measure}: ${row.ours} ${row.unit}${against}${verdict}`);
  }
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest rank. @throws when there is nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error('no values');
  return value;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

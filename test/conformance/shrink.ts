/** Makes a failing case small: leaves out parts of it as long as it still fails. */

/** Everything that is one part smaller than `value`. */
function* smallerThan(value: unknown): Generator {
  if (Array.isArray(value)) {
    // Halves first: long lists of documents get short quickly.
    if (value.length > 3) {
      yield value.slice(0, value.length >> 1);
      yield value.slice(value.length >> 1);
    }
    for (const index of value.keys()) yield value.toSpliced(index, 1);
    for (const [index, part] of value.entries())
      for (const smaller of smallerThan(part)) yield value.with(index, smaller);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    for (const [key] of entries) yield Object.fromEntries(entries.filter(([other]) => other !== key));
    for (const [key, part] of entries) for (const smaller of smallerThan(part)) yield { ...value, [key]: smaller };
  }
}

/** @param fails must be true of `value`. @param budget of cases that are tried. */
export async function shrunk<T>(value: T, fails: (value: T) => Promise<boolean>, budget: number): Promise<T> {
  let current = value;
  let left = budget;
  for (let found = true; found;) {
    found = false;
    for (const smaller of smallerThan(current)) {
      if (left <= 0) return current;
      left -= 1;
      if (!(await fails(smaller as T))) continue;
      current = smaller as T;
      found = true;
      break;
    }
  }
  return current;
}

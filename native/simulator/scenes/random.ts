/** Repeatable chance: the same seed gives the same picture on every machine. */

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number in [low, high). */
export function between(random: () => number, low: number, high: number): number {
  return low + random() * (high - low);
}

/** Smooth noise in [-1, 1] on the plane: `octaves` layers of interpolated lattice values, each half as coarse and strong. */
export function createNoise(seed: number, octaves: number): (x: number, y: number) => number {
  const size = 64;
  const random = createRandom(seed);
  const lattice = Float32Array.from({ length: size * size }, () => random() * 2 - 1);
  const norm = 2 - 2 ** (1 - octaves);
  return (x, y) => {
    let sum = 0;
    let weight = 1;
    let scale = 1;
    for (let octave = 0; octave < octaves; octave++) {
      const u = x * scale + octave * 17.3;
      const v = y * scale + octave * 9.1;
      const column = Math.floor(u);
      const row = Math.floor(v);
      const fx = smooth(u - column);
      const fy = smooth(v - row);
      const left = column & (size - 1);
      const right = (column + 1) & (size - 1);
      const top = (row & (size - 1)) * size;
      const bottom = ((row + 1) & (size - 1)) * size;
      const upper = mix(lattice[top + left] ?? 0, lattice[top + right] ?? 0, fx);
      const lower = mix(lattice[bottom + left] ?? 0, lattice[bottom + right] ?? 0, fx);
      sum += weight * mix(upper, lower, fy);
      weight /= 2;
      scale *= 2;
    }
    return sum / norm;
  };
}

/**
 * A square grey tile of grain around 128, for compositing with `hard-light` (128 changes nothing). `sigma` in grey levels.
 */
export function createGrain(seed: number, size: number, sigma: number): Buffer {
  const random = createRandom(seed);
  const grain = Buffer.alloc(size * size * 3);
  for (let index = 0; index < size * size; index++) {
    // Sum of four uniforms: near enough to normal, and quick.
    const normal = (random() + random() + random() + random() - 2) * Math.sqrt(3);
    const tint = (random() - 0.5) * sigma;
    const level = 128 + normal * sigma;
    grain[index * 3] = level + tint;
    grain[index * 3 + 1] = level;
    grain[index * 3 + 2] = level - tint;
  }
  return grain;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

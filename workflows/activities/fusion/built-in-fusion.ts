/** The analysis that needs nothing from elsewhere: body mass index, and what both eyes have in common. */
import type { Observations } from '../../api/internal/standing-schema.ts';
import type { FusionEngine, FusionResult } from './fusion-engine.ts';

type Measure = FusionResult['measures'][number];

const CM_PER_M = 100;

export function builtInFusion(): FusionEngine {
  return {
    name: 'built-in',
    version: '1.0.0',
    fuse: async (observations) => ({
      measures: [...bodyMassIndex(observations), ...betweenTheEyes(observations)],
      quality: {
        captures: observations.captures.length,
        passed: observations.captures.filter(({ passed }) => passed).length,
      },
    }),
  };
}

/** Quetelet's index, kg / m^2, where weight and height were measured. Errors add up relatively (Gauss), the height's twice. */
function bodyMassIndex({ measurements }: Observations): Measure[] {
  const weight = measurements.find(({ unit }) => unit === 'kg');
  const height = measurements.find(({ unit }) => unit === 'cm');
  if (weight === undefined || height === undefined || height.value <= 0 || weight.value <= 0) return [];
  const value = weight.value / (height.value / CM_PER_M) ** 2;
  const relative = Math.hypot(weight.error / weight.value, (2 * height.error) / height.value);
  return [{ name: 'body-mass-index', value, standardError: value * relative, unit: 'kg/m2' }];
}

/** For each measure of both eyes: the mean, and right minus left. */
function betweenTheEyes({ findings }: Observations): Measure[] {
  const right = findings.find(({ eye }) => eye === 'right');
  const left = findings.find(({ eye }) => eye === 'left');
  if (right === undefined || left === undefined) return [];
  return right.values.flatMap((one) => {
    const other = left.values.find(({ measure, region }) => measure === one.measure && region === one.region);
    if (other === undefined) return [];
    const error = Math.hypot(one.standardError, other.standardError);
    const name = `${one.measure}-${one.region}`;
    return [
      { name: `${name}-mean`, value: (one.value + other.value) / 2, standardError: error / 2, unit: one.unit },
      { name: `${name}-difference`, value: one.value - other.value, standardError: error, unit: one.unit },
    ];
  });
}

/** A scale as the weight step sees it: the live trace, when it came to rest, and the reading that can be saved. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { WeightReading, WeightSample } from '../../electron/contract/devices.ts';
import type { Problem } from '../../electron/contract/problems.ts';
import type { TraceBand, TraceEvent } from '../kit/live-chart.tsx';
import { LiveTrace } from '../kit/live-trace.ts';
import { problemHere } from '../shell/problem-of.ts';
import { useCommand, useStream } from '../shell/staff.ts';

/** The scale must have said "stable" for this long. */
export const REST_MS = 3000;
/** Somebody stands on the plate from here on. */
const ON_PLATE_KG = 2;
/** Samples stop for this long: the reading is no longer live. */
const SILENT_MS = 2500;
/** Somebody has stood on the plate for this long and it has not come to rest: that is said, and weighing can go on. */
const RESTLESS_MS = 20_000;

export interface ScaleView {
  readonly trace: LiveTrace;
  readonly sample: WeightSample | null;
  /** Station clock of the newest zero seen on this screen, or null. */
  readonly zeroAtMs: number | null;
  readonly restingMs: number;
  readonly band: Omit<TraceBand, 'label'> | null;
  readonly steppedOn: Omit<TraceEvent, 'label'> | null;
  /** What the scale itself called stable and what will be saved; gone when the weight moves. */
  readonly reading: WeightReading | null;
  readonly asking: boolean;
  readonly problem: Problem | null;
  /** No sample for a while although the line stands. */
  readonly silent: boolean;
  readonly again: () => void;
}

interface Rest {
  readonly sinceMs: number;
  readonly low: number;
  readonly high: number;
}

function restWith(before: Rest | null, atMs: number, kg: number): Rest {
  if (before === null) return { sinceMs: atMs, low: kg, high: kg };
  return { ...before, low: Math.min(before.low, kg), high: Math.max(before.high, kg) };
}

/** Somebody on the plate. */
interface Load {
  readonly rest: Rest | null;
  /** Station clock since which it has not settled. */
  readonly unsettledSinceMs: number;
}

/** Follows the scale while the step is on screen. `divisionKg` from its identity. */
export function useScale(deviceId: string | null, enabled: boolean, divisionKg: number): ScaleView {
  const [trace] = useState(() => new LiveTrace());
  const [sample, setSample] = useState<WeightSample | null>(null);
  const [zeroAtMs, setZeroAtMs] = useState<number | null>(null);
  const [steppedOn, setSteppedOn] = useState<ScaleView['steppedOn']>(null);
  const [load, setLoad] = useState<Load | null>(null);
  const [reading, setReading] = useState<WeightReading | null>(null);
  const [silent, setSilent] = useState(false);
  const { run, busy, problem, clear } = useCommand((client) => client.devices.weigh);
  const onPlate = useRef(false);
  const heardAt = useRef(0);
  const afterGap = useRef(false);

  const onSample = useCallback(
    (next: WeightSample) => {
      const { atMs, kg } = next;
      if (afterGap.current) clear();
      afterGap.current = false;
      heardAt.current = Date.now();
      trace.push({ atMs, value: kg }, Date.now());
      setSample(next);
      setSilent(false);
      if (kg === null) {
        setLoad(null);
        return;
      }
      if (Math.abs(kg) <= Math.max(divisionKg, 0.02)) {
        onPlate.current = false;
        setZeroAtMs(atMs);
      } else if (kg > ON_PLATE_KG && !onPlate.current) {
        onPlate.current = true;
        setSteppedOn({ atMs });
      }
      const resting = next.state === 'stable' && kg > ON_PLATE_KG;
      setLoad((before) => {
        if (kg <= ON_PLATE_KG) return null;
        const rest = resting ? restWith(before?.rest ?? null, atMs, kg) : null;
        const settled = rest !== null && atMs - rest.sinceMs >= REST_MS;
        return { rest, unsettledSinceMs: before === null || settled ? atMs : before.unsettledSinceMs };
      });
      setReading((before) => (before !== null && Math.abs(before.kg - kg) > 2 * before.divisionKg ? null : before));
    },
    [trace, divisionKg, clear],
  );
  /** What was read before the line broke can't be saved after it: who stands on the plate by then is not known. */
  const onGap = useCallback(() => {
    afterGap.current = true;
    onPlate.current = false;
    setSample(null);
    setLoad(null);
    setReading(null);
    setZeroAtMs(null);
  }, []);
  useStream((client) => client.devices.watchReadings, { deviceId: deviceId ?? '' }, onSample, {
    enabled: enabled && deviceId !== null,
    onGap,
  });

  useEffect(() => {
    const timer = setInterval(() => setSilent(heardAt.current > 0 && Date.now() - heardAt.current > SILENT_MS), 500);
    return () => clearInterval(timer);
  }, []);

  const rest = load?.rest ?? null;
  const restingMs = rest === null || sample === null ? 0 : sample.atMs - rest.sinceMs;
  const settled = restingMs >= REST_MS;
  useEffect(() => {
    if (!settled || reading !== null || busy || problem !== null || deviceId === null) return;
    void run({ deviceId }).then((answer) => setReading(answer));
  }, [settled, reading, busy, problem, deviceId, run]);

  const again = useCallback(() => {
    setReading(null);
    setLoad(null);
    clear();
  }, [clear]);

  const restless =
    reading === null &&
    !settled &&
    sample !== null &&
    load !== null &&
    sample.atMs - load.unsettledSinceMs > RESTLESS_MS;
  const notStable = useMemo(() => (restless ? problemHere('SCALE_NOT_STABLE') : null), [restless]);

  const middle = rest === null ? 0 : (rest.low + rest.high) / 2;
  const half = reading?.errorKg ?? Math.max(divisionKg, 0.05);
  return {
    trace,
    sample,
    zeroAtMs,
    restingMs,
    band: settled && rest !== null ? { fromMs: rest.sinceMs, low: middle - half, high: middle + half } : null,
    steppedOn,
    reading,
    asking: busy,
    problem: problem ?? notStable,
    silent,
    again,
  };
}

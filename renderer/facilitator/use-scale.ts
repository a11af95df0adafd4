/** A scale as the weight step sees it: the live trace, when it came to rest, and the reading that can be saved. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { WeightReading, WeightSample } from '../../electron/contract/devices.ts';
import type { Problem } from '../../electron/contract/problems.ts';
import type { TraceBand, TraceEvent } from '../kit/live-chart.tsx';
import { LiveTrace } from '../kit/live-trace.ts';
import { useCommand, useStream } from '../shell/staff.ts';

/** The scale must have said "stable" for this long. */
export const REST_MS = 3000;
/** Somebody stands on the plate from here on. */
const ON_PLATE_KG = 2;
/** Samples stop for this long: the reading is no longer live. */
const SILENT_MS = 2500;

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

/** Follows the scale while the step is on screen. `divisionKg` from its identity. */
export function useScale(deviceId: string | null, enabled: boolean, divisionKg: number): ScaleView {
  const [trace] = useState(() => new LiveTrace());
  const [sample, setSample] = useState<WeightSample | null>(null);
  const [zeroAtMs, setZeroAtMs] = useState<number | null>(null);
  const [steppedOn, setSteppedOn] = useState<ScaleView['steppedOn']>(null);
  const [rest, setRest] = useState<Rest | null>(null);
  const [reading, setReading] = useState<WeightReading | null>(null);
  const [silent, setSilent] = useState(false);
  const weigh = useCommand((client) => client.devices.weigh);
  const onPlate = useRef(false);
  const heardAt = useRef(0);

  const onSample = useCallback(
    (next: WeightSample) => {
      const { atMs, kg } = next;
      heardAt.current = Date.now();
      trace.push({ atMs, value: kg }, Date.now());
      setSample(next);
      setSilent(false);
      if (kg === null) {
        setRest(null);
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
      setRest((before) =>
        !resting
          ? null
          : before === null
            ? { sinceMs: atMs, low: kg, high: kg }
            : { ...before, low: Math.min(before.low, kg), high: Math.max(before.high, kg) },
      );
      setReading((before) => (before !== null && Math.abs(before.kg - kg) > 2 * before.divisionKg ? null : before));
    },
    [trace, divisionKg],
  );
  useStream((client) => client.devices.watchReadings, { deviceId: deviceId ?? '' }, onSample, {
    enabled: enabled && deviceId !== null,
  });

  useEffect(() => {
    const timer = setInterval(() => setSilent(heardAt.current > 0 && Date.now() - heardAt.current > SILENT_MS), 500);
    return () => clearInterval(timer);
  }, []);

  const restingMs = rest === null || sample === null ? 0 : sample.atMs - rest.sinceMs;
  const settled = restingMs >= REST_MS;
  const { run, busy, problem, clear } = weigh;
  useEffect(() => {
    if (!settled || reading !== null || busy || problem !== null || deviceId === null) return;
    void run({ deviceId }).then((answer) => setReading(answer));
  }, [settled, reading, busy, problem, deviceId, run]);

  const again = useCallback(() => {
    setReading(null);
    setRest(null);
    clear();
  }, [clear]);

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
    problem,
    silent,
    again,
  };
}

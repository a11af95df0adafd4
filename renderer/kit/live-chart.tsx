/** A live trace: fixed 20 s window, newest at the right, ten frames a second, frames dropped rather than late (uPlot). */
import type { ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatNumber } from './format.ts';
import type { LiveTrace } from './live-trace.ts';
import { rangeFor, TRACE_WINDOW_MS } from './live-trace.ts';
import { useSize } from './use-size.ts';

export interface TraceBand {
  /** Station clock, ms. */
  readonly fromMs: number;
  readonly low: number;
  readonly high: number;
  readonly label: string;
}

export interface TraceEvent {
  readonly atMs: number;
  readonly label: string;
}

export interface LiveChartProps {
  readonly trace: LiveTrace;
  readonly unit: string;
  /** What a screen reader says in place of the line. */
  readonly label: string;
  readonly nowWord: string;
  readonly band: TraceBand | null;
  readonly events: readonly TraceEvent[];
  /** The line stops where it is: the device was lost. */
  readonly stopped?: boolean;
}

export function LiveChart(props: LiveChartProps): ReactNode {
  const [box, size] = useSize<HTMLDivElement>();
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const { width, height } = size;
  useEffect(() => {
    const element = box.current;
    if (element === null || width === 0 || height === 0) return undefined;
    const plot = createPlot(element, width, height, latest);
    return () => plot.destroy();
  }, [box, width, height]);
  return <div ref={box} className="chart" dir="ltr" role="img" aria-label={props.label} />;
}

interface Plot {
  readonly destroy: () => void;
}

function createPlot(
  element: HTMLElement,
  width: number,
  height: number,
  latest: { readonly current: LiveChartProps },
): Plot {
  let range: readonly [number, number] = [-1, 1];
  const font = '13px "Inter Variable", Inter, sans-serif';
  const seconds = TRACE_WINDOW_MS / 1000;
  const plot = new uPlot(
    {
      width,
      height,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [-seconds, 0] },
        y: { range: () => [range[0], range[1]] },
      },
      axes: [
        {
          font,
          size: 34,
          gap: 14,
          stroke: () => colour('--chart-axis'),
          grid: { show: false },
          ticks: { show: false },
          border: { show: true, stroke: () => colour('--line'), width: 1 },
          splits: () => [-20, -15, -10, -5, 0],
          values: (_plot, values) =>
            tickText(values, (value) => (value === 0 ? latest.current.nowWord : `${formatNumber(value, 0)} s`)),
        },
        {
          font,
          size: 64,
          gap: 12,
          stroke: () => colour('--chart-axis'),
          grid: { stroke: () => colour('--chart-grid'), width: 1 },
          ticks: { show: false },
          incrs: [0.1, 0.5, 1, 5, 10, 20, 50, 100],
          space: 70,
          values: (_plot, values) => {
            const decimals = (values[1] ?? 1) - (values[0] ?? 0) < 1 ? 1 : 0;
            return tickText(
              values,
              (value, last) => `${formatNumber(value, decimals)}${last ? ` ${latest.current.unit}` : ''}`,
            );
          },
        },
      ],
      series: [{}, { stroke: () => colour('--chart-line'), width: 2, points: { show: false }, spanGaps: false }],
      hooks: {
        drawAxes: [(self) => drawBand(self, latest.current, colour)],
        draw: [(self) => drawMarks(self, latest.current, colour)],
      },
    },
    [[], []],
    element,
  );
  const frame = (): void => {
    if (latest.current.stopped === true) return;
    const [xs, ys] = latest.current.trace.window(Date.now());
    range = rangeFor(ys, range);
    plot.setData([xs, ys]);
  };
  frame();
  const timer = setInterval(frame, 100);
  return {
    destroy: () => {
      clearInterval(timer);
      plot.destroy();
    },
  };
}

type Colour = (name: string) => string;

/** A token's colour now: the chart follows the mode at its next frame. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Ticks in words; the last one carries the unit. */
function tickText(values: readonly number[], text: (value: number, last: boolean) => string): string[] {
  return values.map((value, place) => text(value, place === values.length - 1));
}

function secondsAt(props: LiveChartProps, atMs: number): number {
  return (atMs - props.trace.stationNow(Date.now())) / 1000;
}

/** The stable zone, under the line, where it was met. */
function drawBand(plot: uPlot, props: LiveChartProps, colour: Colour): void {
  const { band } = props;
  if (band === null) return;
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const left = Math.max(plot.bbox.left, plot.valToPos(secondsAt(props, band.fromMs), 'x', true));
  const right = plot.bbox.left + plot.bbox.width;
  const top = plot.valToPos(band.high, 'y', true);
  const bottom = plot.valToPos(band.low, 'y', true);
  ctx.save();
  ctx.fillStyle = colour('--chart-band');
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.strokeStyle = colour('--accent-line');
  ctx.lineWidth = ratio;
  ctx.beginPath();
  for (const y of [top, bottom]) {
    ctx.moveTo(left, y);
    ctx.lineTo(right, y);
  }
  ctx.stroke();
  ctx.fillStyle = colour('--accent');
  ctx.font = `600 ${13 * ratio}px "Inter Variable", Inter, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  const wide = ctx.measureText(band.label).width;
  ctx.fillText(band.label, Math.min(left, right - wide), top - 10 * ratio);
  ctx.restore();
}

/** The newest point and what happened on the way. */
function drawMarks(plot: uPlot, props: LiveChartProps, colour: Colour): void {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const floor = plot.bbox.top + plot.bbox.height;
  ctx.save();
  ctx.font = `400 ${13 * ratio}px "Inter Variable", Inter, sans-serif`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'alphabetic';
  for (const event of props.events) {
    const x = plot.valToPos(secondsAt(props, event.atMs), 'x', true);
    if (x < plot.bbox.left + 20 * ratio || x > plot.bbox.left + plot.bbox.width) continue;
    ctx.strokeStyle = colour('--ink-2');
    ctx.lineWidth = 1.5 * ratio;
    ctx.beginPath();
    ctx.moveTo(x, floor - 9 * ratio);
    ctx.lineTo(x, floor);
    ctx.stroke();
    ctx.lineWidth = 8 * ratio;
    ctx.strokeStyle = colour('--surface');
    ctx.strokeText(event.label, x, floor - 18 * ratio);
    ctx.fillStyle = colour('--ink-2');
    ctx.fillText(event.label, x, floor - 18 * ratio);
  }
  const { newest } = props.trace;
  if (newest !== null && newest.value !== null && props.stopped !== true) {
    const x = plot.valToPos(Math.min(0, secondsAt(props, newest.atMs)), 'x', true);
    const y = plot.valToPos(newest.value, 'y', true);
    ctx.beginPath();
    ctx.arc(x, y, 5 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = colour('--chart-line');
    ctx.strokeStyle = colour('--surface');
    ctx.lineWidth = 2 * ratio;
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

/** One trustworthy number: the reading, its trace and the stable zone; checks, earlier visits and where to stand beside it. */
import { useLingui } from '@lingui/react';
import { RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import type { Quantity } from '../../electron/contract/documents.ts';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { FeetOnPlate } from '../kit/drawings.tsx';
import { formatChange, formatDate, formatNumber, formatTime, PLUS_MINUS, THIN } from '../kit/format.ts';
import { LiveChart } from '../kit/live-chart.tsx';
import type { MarkShape } from '../kit/marks.tsx';
import { StatusMark, Tag } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { TrendChart } from '../kit/trend-chart.tsx';
import { useCommand } from '../shell/staff.ts';
import { ByHandDialog } from './by-hand-dialog.tsx';
import { isGone } from './device-gone-state.ts';
import { DeviceGone } from './device-gone.tsx';
import { SkipButton } from './skip-button.tsx';
import type { ScaleView } from './use-scale.ts';
import { REST_MS, useScale } from './use-scale.ts';
import type { VisitStep } from './visit-steps.ts';

const DECIMALS = 2;
/** A change beyond this asks for a second look: 5 kg or 7 %. */
const FAR_KG = 5;
const FAR_SHARE = 0.07;

export function WeightStep({
  visit,
  current,
  device,
}: {
  readonly visit: VisitView;
  readonly current: VisitStep;
  readonly device: DeviceStatus | null;
}): ReactNode {
  const { i18n } = useLingui();
  const gone = isGone(device);
  const division = device?.identity?.divisionKg ?? 0.05;
  const scale = useScale(current.view.deviceId, !gone, division);
  const save = useCommand((client) => client.visits.saveWeight);
  const zero = useCommand((client) => client.devices.zero);
  const [byHand, setByHand] = useState(false);
  const { reading, sample } = scale;
  const last = visit.earlierWeights.at(-1) ?? null;
  const step = { sessionId: visit.sessionId, stepId: current.step.id };
  const again = (): void => {
    scale.again();
    save.clear();
  };
  const saveReading = (): void => {
    if (reading !== null) void save.run({ ...step, reading });
  };
  const setZero = (): void => {
    if (device !== null) void zero.run({ deviceId: device.deviceId });
  };
  const problem = save.problem ?? scale.problem ?? zero.problem;
  const notYet = reading === null;

  return (
    <>
      <section className="stage">
        {gone ? (
          <DeviceGone device={device} kind="scale" action={i18n.t('Enter by hand')} onAction={() => setByHand(true)} />
        ) : (
          <div className="flex min-h-0 flex-col px-10 pt-8">
            <h1 className="text-26 tracking-[-0.018em]">{i18n._(current.step.title)}</h1>
            <p className="mt-1 text-17 text-ink-2">{i18n._(current.step.instruction)}</p>
            <Reading scale={scale} />
            {far(reading?.kg, last?.quantity) === null || last === null || reading === null ? null : (
              <FarFromLast kg={reading.kg} last={last} onAgain={again} />
            )}
            {problem === null ? null : (
              <InlineProblem problem={problem} onAction={problem.code === 'SCALE_UNDERLOAD' ? setZero : again} />
            )}
            <div className="flex items-baseline justify-between border-t border-line pt-4 pb-2.5">
              <b className="pane-title">{i18n.t('Live from the scale')}</b>
              <span className="text-13 text-ink-3">{i18n.t('last 20 s, gross')}</span>
            </div>
            <div className="min-h-0 flex-1 pb-8">
              <LiveChart
                trace={scale.trace}
                unit="kg"
                nowWord={i18n.t('now')}
                label={i18n.t('Weight over the last 20 seconds')}
                stopped={scale.silent}
                band={
                  scale.band === null
                    ? null
                    : {
                        ...scale.band,
                        label: i18n.t('within {error} kg for {seconds} s', {
                          error: `${PLUS_MINUS} ${formatNumber((scale.band.high - scale.band.low) / 2, DECIMALS)}`,
                          seconds: formatNumber(scale.restingMs / 1000, 1),
                        }),
                      }
                }
                events={scale.steppedOn === null ? [] : [{ ...scale.steppedOn, label: i18n.t('stepped on') }]}
              />
            </div>
          </div>
        )}
        <footer className="action-bar">
          {gone ? null : (
            <Button
              look="outlined"
              onPress={again}
              hotkey="r"
              icon={<RotateCw size={20} strokeWidth={1.75} aria-hidden />}
            >
              {i18n.t('Weigh again')}
            </Button>
          )}
          {gone ? null : <Button onPress={() => setByHand(true)}>{i18n.t('Enter by hand')}</Button>}
          {gone || sample === null || Math.abs(sample.kg ?? 99) > 1 || scale.zeroAtMs !== null ? null : (
            <Button onPress={setZero} busy={zero.busy}>
              {i18n.t('Set zero')}
            </Button>
          )}
          <SkipButton visit={visit} current={current} />
          <span className="grow-1" />
          {gone ? null : (
            <span className="flex flex-col items-end gap-1">
              <Button
                look="primary"
                size="large"
                onPress={saveReading}
                disabled={notYet}
                busy={save.busy}
                hotkey="Enter"
                describedBy="weight-why"
              >
                {reading === null
                  ? i18n.t('Save the weight')
                  : i18n.t('Save {weight}', { weight: `${formatNumber(reading.kg, DECIMALS)}${THIN}kg` })}
              </Button>
            </span>
          )}
        </footer>
      </section>
      <aside
        className="side"
        aria-label={i18n.t('Checks')}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- nothing in it takes the focus, and the keyboard must be able to scroll it
        tabIndex={0}
      >
        <Checks scale={scale} device={device} last={last} />
        {visit.earlierWeights.length === 0 ? null : (
          <>
            <h3 className="pane-title mt-7 mb-2">{i18n.t('Earlier visits')}</h3>
            <TrendChart
              earlier={visit.earlierWeights.slice(-4).map(({ day, quantity }) => ({ day, value: quantity.value }))}
              today={reading?.kg ?? null}
              unit="kg"
              decimals={DECIMALS}
              label={i18n.t('Weight at earlier visits')}
              todayWord={i18n.t('today')}
            />
          </>
        )}
        <h3 className="pane-title mt-7 mb-2">{i18n.t('Where to stand')}</h3>
        <FeetOnPlate label={i18n.t('Both feet flat in the middle of the plate')} />
      </aside>
      <ByHandDialog
        open={byHand}
        onClose={() => setByHand(false)}
        visit={visit}
        current={current}
        unit="kg"
        range={[1, 400]}
        decimals={DECIMALS}
      />
    </>
  );
}

function far(kg: number | undefined, last: Quantity | undefined): number | null {
  if (kg === undefined || last === undefined) return null;
  const change = kg - last.value;
  return Math.abs(change) > Math.min(FAR_KG, last.value * FAR_SHARE) ? change : null;
}

function FarFromLast({
  kg,
  last,
  onAgain,
}: {
  kg: number;
  last: VisitView['earlierWeights'][number];
  onAgain: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const change = kg - last.quantity.value;
  const words = { change: `${formatNumber(Math.abs(change), 1)}${THIN}kg`, date: formatDate(last.day) };
  return (
    <p className="flex items-center gap-3 border-t border-line py-2" role="alert">
      <StatusMark shape="care" />
      <span className="grow-1 font-medium">
        {change > 0
          ? i18n.t('{change} more than on {date}. Weigh again?', words)
          : i18n.t('{change} less than on {date}. Weigh again?', words)}
      </span>
      <Button look="outlined" onPress={onAgain}>
        {i18n.t('Weigh again')}
      </Button>
    </p>
  );
}

function Reading({ scale }: { scale: ScaleView }): ReactNode {
  const { i18n } = useLingui();
  const { sample, reading, silent } = scale;
  const shown = reading?.kg ?? sample?.kg ?? null;
  const state = stateWords();
  return (
    <div className="mt-6 mb-5 flex items-end gap-5">
      <output
        className="reading"
        {...(reading === null ? { 'data-unsettled': true } : {})}
        {...(silent ? { 'data-lost': true } : {})}
        aria-live="off"
      >
        {shown === null ? <span className="reading-none">–</span> : formatNumber(shown, DECIMALS)}
      </output>
      <span className="pb-4">
        <b className="display block text-[40px] leading-[44px] font-medium tracking-[-0.02em]">kg</b>
        <span className="text-20 whitespace-nowrap text-ink-2">
          {reading === null ? '\u00A0' : `${PLUS_MINUS} ${formatNumber(reading.errorKg, DECIMALS)}${THIN}kg`}
        </span>
      </span>
      <span className="ms-auto pb-5 text-end" aria-live="polite">
        <Tag shape={state.shape} size="large">
          {state.text}
        </Tag>
        <span id="weight-why" className="mt-2 block text-13 text-ink-2">
          {state.small}
        </span>
      </span>
    </div>
  );

  function stateWords(): { shape: MarkShape; text: string; small: string } {
    if (silent) return { shape: 'care', text: i18n.t('Silent'), small: i18n.t('nothing was saved') };
    if (reading !== null) {
      return {
        shape: 'done',
        text: i18n.t('Stable'),
        small:
          scale.zeroAtMs === null
            ? i18n.t('read at {time}', { time: formatTime(reading.at, true) })
            : i18n.t('started from 0.00 kg at {time}', { time: formatTime(scale.zeroAtMs, true) }),
      };
    }
    if (sample === null) return { shape: 'busy', text: i18n.t('Waiting'), small: i18n.t('for the first value') };
    switch (sample.state) {
      case 'overload':
        return { shape: 'stopped', text: i18n.t('Too heavy'), small: i18n.t('more than the scale can measure') };
      case 'underload':
        return { shape: 'care', text: i18n.t('Below zero'), small: i18n.t('empty the plate and set zero') };
      case 'stable':
      case 'dynamic':
        if ((sample.kg ?? 0) < 2) {
          return { shape: 'todo', text: i18n.t('Ready'), small: i18n.t('waiting for somebody to step on') };
        }
        return sample.state === 'stable'
          ? { shape: 'busy', text: i18n.t('Settling'), small: i18n.t('Not stable yet') }
          : { shape: 'busy', text: i18n.t('Moving'), small: i18n.t('Not stable yet') };
    }
  }
}

function Checks({
  scale,
  device,
  last,
}: {
  readonly scale: ScaleView;
  readonly device: DeviceStatus | null;
  readonly last: VisitView['earlierWeights'][number] | null;
}): ReactNode {
  const { i18n } = useLingui();
  const { reading } = scale;
  const settled = reading !== null || scale.restingMs >= REST_MS;
  const change = reading === null || last === null ? null : reading.kg - last.quantity.value;
  const changeError = reading === null || last === null ? 0 : Math.hypot(reading.errorKg, last.quantity.error);
  const lines: readonly [MarkShape, string, string][] = [
    [
      scale.zeroAtMs === null ? 'todo' : 'done',
      i18n.t('Started from zero'),
      scale.zeroAtMs === null ? i18n.t('not seen yet') : `0.00${THIN}kg`,
    ],
    [
      settled ? 'done' : 'todo',
      i18n.t('Stable, 3 s or more'),
      scale.restingMs === 0 ? i18n.t('not yet') : `${formatNumber(scale.restingMs / 1000, 1)}${THIN}s`,
    ],
    device?.state === 'uncalibrated'
      ? ['care', i18n.t('Scale in calibration'), i18n.t('not calibrated')]
      : ['absent', i18n.t('Scale in calibration'), i18n.t('no record here')],
    ...(last === null
      ? []
      : [
          [
            change === null ? 'todo' : far(reading?.kg, last.quantity) === null ? 'done' : 'care',
            i18n.t('Close to last visit'),
            change === null
              ? i18n.t('after it is stable')
              : `${formatChange(change, DECIMALS)} ${PLUS_MINUS} ${formatNumber(changeError, DECIMALS)}${THIN}kg`,
          ] as [MarkShape, string, string],
        ]),
    ['todo', i18n.t('Saved on this disk'), i18n.t('after you save')],
  ];
  return (
    <>
      <h2 className="pane-title mb-1">{i18n.t('Checks')}</h2>
      <ul className="checks">
        {lines.map(([shape, name, value]) => (
          <li key={name} {...(shape === 'care' ? { 'data-care': true } : {})}>
            <StatusMark shape={shape} />
            <span>{name}</span>
            <span>{value}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Where this comes from: the picture, what was read from it and by what, and how far both have come. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { InferenceStatus, Judgement, Provenance } from '../../electron/contract/judgement.ts';
import type { CaptureView, ReviewView, StepView } from '../../electron/contract/views.ts';
import { formatBytes, formatDate, formatHash, formatNumber, formatTime, THIN } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { useLive } from '../shell/staff.ts';
import { useSession } from '../shell/session.ts';
import { settingWords } from './setting-words.ts';
import { tryWords } from './quality-words.ts';
import type { EyeFinding } from './subjects.ts';
import { countedOf } from './subjects.ts';
import type { Looking } from './use-review.ts';

type Origin = ReviewView['provenance'][number];

export function ProvenancePanel({
  view,
  step,
  finding,
  looking,
  openedAt,
}: {
  readonly view: ReviewView;
  /** The step whose picture is looked at. */
  readonly step: StepView;
  readonly finding: EyeFinding | null;
  readonly looking: Looking;
  readonly openedAt: number;
}): ReactNode {
  const { i18n } = useLingui();
  const counted = countedOf(step);
  const origin = view.provenance.find((each) => each.captureId === counted?.captureId) ?? null;
  return (
    <>
      <h3>{i18n.t('Image')}</h3>
      {counted === null || origin === null ? (
        <p className="text-ink-2">{i18n.t('No picture counts for this step.')}</p>
      ) : (
        <ImageFacts origin={origin} counted={counted} />
      )}
      {step.tries.length > 1 ? <Tries step={step} looking={looking} /> : null}
      {finding === null ? null : (
        <>
          <h3>{i18n.t('Vessel map')}</h3>
          {finding.today === null ? (
            <p className="text-ink-2">{missingWords(i18n, counted?.judgement ?? null, step)}</p>
          ) : (
            <ModelFacts provenance={finding.today.provenance} inputSha256={finding.today.inputSha256} />
          )}
        </>
      )}
      <h3>{i18n.t('Afterwards')}</h3>
      <Afterwards counted={counted} openedAt={openedAt} />
    </>
  );
}

function ImageFacts({ origin, counted }: { origin: Origin; counted: CaptureView }): ReactNode {
  const { i18n } = useLingui();
  const settings = Object.entries(origin.settings).map(([name, value]) => settingWords(i18n, name, value));
  const angle = origin.fieldAngleDegrees;
  return (
    <dl className="review-facts">
      <Fact name={i18n.t('Taken')}>
        {origin.takenAt === null
          ? i18n.t('time not known')
          : `${formatDate(origin.takenAt)}, ${formatTime(origin.takenAt, true)}`}
        {origin.takenBy === '' ? '' : `, ${origin.takenBy}`}
      </Fact>
      <Fact name={i18n.t('Device')}>
        {origin.device}
        {origin.firmware === '' ? '' : `, ${origin.firmware}`}
      </Fact>
      {settings.length === 0 && angle === null ? null : (
        <Fact name={i18n.t('Settings')}>
          {[...(angle === null ? [] : [i18n.t('{angle} degrees', { angle })]), ...settings].join(', ')}
        </Fact>
      )}
      <Fact name={i18n.t('Calibration')}>{origin.calibration ?? i18n.t('none is known here')}</Fact>
      <Fact name={i18n.t('Try')}>
        {i18n.t('{attempt} of {attempts}', { attempt: origin.attempt, attempts: origin.attempts })}
        {focusWords(i18n, counted.judgement)}
      </Fact>
      {origin.size === null ? null : <Fact name={i18n.t('Size')}>{formatBytes(origin.size)}</Fact>}
      {origin.sha256 === null ? null : <Hash name={i18n.t('SHA-256')} sha256={origin.sha256} />}
    </dl>
  );
}

function focusWords(i18n: I18n, judgement: Judgement | null): string {
  const focus = judgement?.checks.find((check) => check.id === 'focus');
  if (focus === undefined) return '';
  return `, ${i18n.t('softest tile {value}, needs {limit}', {
    value: formatNumber(focus.value, 1),
    limit: formatNumber(focus.limit, 1),
  })}`;
}

function ModelFacts({ provenance, inputSha256 }: { provenance: Provenance; inputSha256: string }): ReactNode {
  const { i18n } = useLingui();
  const { place } = useSession();
  const inference = useLive((client) => client.station.inference, undefined, { enabled: place === 'station' });
  const model = modelOf(inference.data, provenance);
  const ran = {
    provider: provenance.provider.toUpperCase(),
    duration: `${formatNumber(provenance.durationMs, 0)}${THIN}ms`,
  };
  return (
    <dl className="review-facts">
      <Fact name={i18n.t('Model')}>
        {provenance.model} {provenance.version}
      </Fact>
      <Hash name={i18n.t('SHA-256')} sha256={provenance.sha256} />
      <Fact name={i18n.t('Ran on')}>
        {place === 'station'
          ? i18n.t('this station, {provider}, {duration}', ran)
          : i18n.t('the station, {provider}, {duration}', ran)}
      </Fact>
      <Fact name={i18n.t('Runtime')}>{provenance.runtime}</Fact>
      <Fact name={i18n.t('Intended use')}>{model?.intendedUse ?? i18n.t('measuring, not a diagnosis')}</Fact>
      <Hash name={i18n.t('Of image')} sha256={inputSha256} />
    </dl>
  );
}

/** What the model's own card says, if the model that made this is the one that is loaded now. */
function modelOf(
  status: InferenceStatus | undefined,
  provenance: Provenance,
): InferenceStatus['models'][number] | null {
  return status?.models.find((model) => model.sha256 === provenance.sha256) ?? null;
}

/** Why there is no vessel map of an eye. */
export function missingWords(i18n: I18n, judgement: Judgement | null, step: StepView): string {
  if (step.captureId === null) return i18n.t('There is no picture, so nothing was measured.');
  switch (judgement?.findingsMissing ?? null) {
    case 'image-failed':
      return i18n.t('The picture did not pass its checks, so its vessels were not measured.');
    case 'model-refused':
      return i18n.t('The model was not the released one, so nothing was measured with it.');
    default:
      return i18n.t('The vessels were not measured.');
  }
}

function Afterwards({ counted, openedAt }: { counted: CaptureView | null; openedAt: number }): ReactNode {
  const { i18n } = useLingui();
  const { status, place } = useSession();
  const hasCloud = place === 'cloud' || (status?.cloud.state ?? 'not-configured') !== 'not-configured';
  const receipts = counted?.receipts;
  const time = (at: string | null | undefined): string =>
    at === null || at === undefined ? i18n.t('not yet') : formatTime(at);
  return (
    <dl className="review-facts">
      <Fact name={i18n.t('On device')}>{time(receipts?.onDevice)}</Fact>
      <Fact name={i18n.t('On disk')}>
        {receipts?.purgedAt ? i18n.t('deleted here; the cloud has it') : time(receipts?.onDisk)}
      </Fact>
      {!hasCloud ? (
        <Fact name={i18n.t('In cloud')}>{i18n.t('no cloud here')}</Fact>
      ) : (
        <>
          <Fact name={i18n.t('In cloud')}>{time(receipts?.inCloud)}</Fact>
          <Fact name={i18n.t('Verified')}>{time(receipts?.verified)}</Fact>
        </>
      )}
      <Fact name={i18n.t('Seen by')}>
        {i18n.t('you, {time}. Every view is recorded.', { time: formatTime(openedAt) })}
      </Fact>
    </dl>
  );
}

/** All tries; touching one shows it in the well. */
function Tries({ step, looking }: { step: StepView; looking: Looking }): ReactNode {
  const { i18n } = useLingui();
  const shown = looking.tryId ?? step.captureId;
  return (
    <>
      <h3>{i18n.t('Tries')}</h3>
      <ul className="review-tries">
        {step.tries.map((each) => {
          const counts = each.captureId === step.captureId;
          return (
            <li key={each.captureId}>
              <button
                type="button"
                aria-pressed={each.captureId === shown}
                disabled={!each.hasImage}
                onClick={() => looking.setTryId(counts ? null : each.captureId)}
              >
                <StatusMark shape={counts ? 'done' : each.judgement?.passed === true ? 'nothing' : 'care'} />
                <span className="grow-1">{i18n.t('Try {attempt}', { attempt: each.attempt })}</span>
                <span className="text-ink-2">{tryWords(i18n, each, counts)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <bdi>{children}</bdi>
      </dd>
    </>
  );
}

function Hash({ name, sha256 }: { name: string; sha256: string }): ReactNode {
  return (
    <Fact name={name}>
      <span className="ident" title={sha256}>
        {formatHash(sha256)}
      </span>
    </Fact>
  );
}

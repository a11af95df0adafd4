/** Over the wells: which picture, how much of the vessel map, beside or through each other, colour, zoom. */
import { useLingui } from '@lingui/react';
import { Link2 } from 'lucide-react';
import type { Key, ReactNode } from 'react';
import {
  Label,
  Slider,
  SliderOutput,
  SliderThumb,
  SliderTrack,
  ToggleButton,
  ToggleButtonGroup,
} from 'react-aria-components';
import type { VisitView } from '../../electron/contract/views.ts';
import { formatPercent } from '../kit/format.ts';
import { useKeys } from '../kit/keys.tsx';
import type { Subject } from './subjects.ts';
import { subjectsOf } from './subjects.ts';
import type { Looking } from './use-review.ts';

const OPACITY_STEP = 10;

export function ReviewTools({
  visit,
  looking,
  hasOverlay,
  hasEarlier,
}: {
  readonly visit: VisitView;
  readonly looking: Looking;
  readonly hasOverlay: boolean;
  /** There is an earlier picture of this eye to lay beside. */
  readonly hasEarlier: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  const subjects = subjectsOf(visit);
  const names: Readonly<Record<Subject, string>> = {
    right: i18n.t('Right eye'),
    left: i18n.t('Left eye'),
    body: i18n.t('Body'),
  };
  const eye = looking.subject !== 'body';
  const go = (by: number): void => {
    const next = subjects[(subjects.indexOf(looking.subject) + by + subjects.length) % subjects.length];
    if (next !== undefined) looking.setSubject(next);
  };
  useKeys([
    { key: 'r', label: names.right, run: () => looking.setSubject('right'), disabled: !subjects.includes('right') },
    { key: 'l', label: names.left, run: () => looking.setSubject('left'), disabled: !subjects.includes('left') },
    { key: 'ArrowRight', label: i18n.t('Next picture'), run: () => go(1) },
    { key: 'ArrowLeft', label: i18n.t('Picture before'), run: () => go(-1) },
    { key: 'v', label: i18n.t('Vessel map'), run: () => looking.setOverlay(!looking.overlay), disabled: !hasOverlay },
    {
      key: ']',
      label: i18n.t('More of the vessel map'),
      run: () => looking.setOpacity(looking.opacity + OPACITY_STEP),
      disabled: !hasOverlay,
    },
    {
      key: '[',
      label: i18n.t('Less of the vessel map'),
      run: () => looking.setOpacity(looking.opacity - OPACITY_STEP),
      disabled: !hasOverlay,
    },
    {
      key: 'Space',
      label: i18n.t('Flicker between the visits'),
      run: () => {
        looking.setLayout('fade');
        looking.setEarlierShare(looking.earlierShare > 50 ? 0 : 100);
      },
      disabled: !hasEarlier,
    },
  ]);
  return (
    <div className="review-tools on-well" role="toolbar" aria-label={i18n.t('Pictures')}>
      <Segmented
        label={i18n.t('Picture')}
        value={looking.subject}
        options={subjects.map((subject) => ({ id: subject, name: names[subject] }))}
        onChange={(key) => looking.setSubject(key as Subject)}
      />
      {eye ? (
        <>
          <span className="review-rule" />
          <MapSlider looking={looking} disabled={!hasOverlay} />
        </>
      ) : null}
      <span className="grow-1" />
      {eye && hasEarlier ? (
        <>
          {looking.layout === 'fade' ? <FadeSlider looking={looking} /> : null}
          <Segmented
            label={i18n.t('Visits')}
            value={looking.layout}
            options={[
              { id: 'side', name: i18n.t('Side by side') },
              { id: 'fade', name: i18n.t('Fade') },
            ]}
            onChange={(key) => looking.setLayout(key === 'fade' ? 'fade' : 'side')}
          />
          <span className="review-rule" />
        </>
      ) : null}
      {eye ? (
        <Segmented
          label={i18n.t('Colour of the picture')}
          value={looking.redFree ? 'red-free' : 'colour'}
          options={[
            { id: 'colour', name: i18n.t('Colour') },
            { id: 'red-free', name: i18n.t('Red-free') },
          ]}
          onChange={(key) => looking.setRedFree(key === 'red-free')}
        />
      ) : null}
      {eye && hasEarlier && looking.layout === 'side' ? (
        <>
          <span className="review-rule" />
          <ToggleButton className="review-choice" isSelected={looking.linked} onChange={looking.setLinked}>
            <Link2 size={20} strokeWidth={1.75} aria-hidden />
            {i18n.t('Linked zoom')}
          </ToggleButton>
        </>
      ) : null}
    </div>
  );
}

function Segmented({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly id: string; readonly name: string }[];
  readonly onChange: (key: Key) => void;
}): ReactNode {
  return (
    <ToggleButtonGroup
      className="flex gap-0.5"
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const [key] = keys;
        if (key !== undefined) onChange(key);
      }}
    >
      {options.map(({ id, name }) => (
        <ToggleButton key={id} id={id} className="review-choice">
          {name}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

function MapSlider({ looking, disabled }: { looking: Looking; disabled: boolean }): ReactNode {
  const { i18n } = useLingui();
  const shown = looking.overlay && !disabled ? looking.opacity : 0;
  return (
    <Slider
      className="review-slider"
      value={shown}
      onChange={(value) => looking.setOpacity(value)}
      step={5}
      isDisabled={disabled}
    >
      <span className="review-swatch" aria-hidden />
      <Label>{i18n.t('Vessel map')}</Label>
      <SliderTrack className="review-track">
        <span className="review-fill" style={{ width: `${shown}%` }} />
        <SliderThumb className="review-thumb" />
      </SliderTrack>
      <SliderOutput className="min-w-[44px] font-semibold">
        {disabled ? i18n.t('none') : formatPercent(shown)}
      </SliderOutput>
    </Slider>
  );
}

function FadeSlider({ looking }: { looking: Looking }): ReactNode {
  const { i18n } = useLingui();
  return (
    <Slider className="review-slider" value={looking.earlierShare} onChange={looking.setEarlierShare} step={5}>
      <Label>{i18n.t('Today')}</Label>
      <SliderTrack className="review-track">
        <span className="review-fill review-fill-plain" style={{ width: `${looking.earlierShare}%` }} />
        <SliderThumb className="review-thumb" aria-label={i18n.t('Share of the earlier picture')} />
      </SliderTrack>
      <span>{i18n.t('Earlier')}</span>
    </Slider>
  );
}

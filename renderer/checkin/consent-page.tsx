/** The agreement: three lines, each its own decision, and a signature. Nothing is ticked beforehand. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import { ArrowRight, Check, FileText, Keyboard, ShieldCheck, Undo2, Volume2, VolumeX } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Checkbox } from 'react-aria-components';
import type { ConsentLine } from '../../electron/contract/documents.ts';
import { Button } from '../kit/button.tsx';
import type { ConsentWords } from '../kit/consent-words.ts';
import { consentWords } from '../kit/consent-words.ts';
import { formatLongDate } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import type { Strokes } from '../kit/signature-pad.tsx';
import { LEAST_SIGNATURE_POINTS, pointsOf, SignaturePad } from '../kit/signature-pad.tsx';
import { ConsentTextDialog, useReadAloud } from './consent-text.tsx';
import { BackButton, Page, PageTitle } from './frame.tsx';
import { useCommand } from './hooks.ts';
import { isolate } from './isolate.ts';
import { StepsLine } from './steps-line.tsx';
import { TalkFirst } from './talk-first.tsx';
import { Trouble } from './trouble.tsx';
import { TypedNameDialog } from './typed-name-dialog.tsx';

export function ConsentPage({
  givenName,
  ticket,
  reading,
  onReading,
  onSigned,
  onStart,
}: {
  readonly givenName: string;
  readonly ticket: string;
  readonly reading: boolean;
  readonly onReading: (reading: boolean) => void;
  readonly onSigned: () => void;
  readonly onStart: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const [agreed, setAgreed] = useState<readonly ConsentLine[]>([]);
  const [strokes, setStrokes] = useState<Strokes>([]);
  const [typedName, setTypedName] = useState<string | null>(null);
  const [typing, setTyping] = useState(false);
  const [talking, setTalking] = useState(false);
  const [today] = useState(() => new Date().toISOString());
  const aloud = useReadAloud(i18n);
  const consent = useCommand((client) => client.checkin.consent);
  const ask = useCommand((client) => client.checkin.ask);
  const lines = consentWords(i18n);
  const agreedToNeeded = lines.every((line) => !line.needed || agreed.includes(line.line));
  const signed = typedName !== null || pointsOf(strokes) >= LEAST_SIGNATURE_POINTS;
  const missing = !agreedToNeeded
    ? i18n.t('Touch the first two lines to go on, or talk to someone first.')
    : signed
      ? null
      : pointsOf(strokes) > 0
        ? i18n.t('A little more of your signature, then you can go on.')
        : i18n.t('Sign in the field, then you can go on.');
  const submit = async (): Promise<void> => {
    const input = {
      ticket,
      agreed: [...agreed],
      language: i18n.locale,
      signature: { strokes: typedName === null ? strokes : [], typedName },
    };
    if ((await consent.run(input)) !== null) onSigned();
  };
  const talk = async (): Promise<void> => {
    if ((await ask.run({ ticket, request: 'help' })) !== null) setTalking(true);
  };
  if (talking) return <TalkFirst givenName={givenName} onBack={() => setTalking(false)} onStart={onStart} />;
  return (
    <Page
      title={givenName}
      end={<StepsLine now="agreement" />}
      foot={
        <>
          <BackButton onPress={onStart} />
          <Button look="outlined" onPress={() => void talk()} busy={ask.busy}>
            {i18n.t('Talk to someone first')}
          </Button>
          <span className="grow-1" />
          <p
            id="what-is-missing"
            className="max-w-[19em] text-end text-15 text-ink-2 max-[1179px]:order-first max-[1179px]:max-w-none max-[1179px]:basis-full max-[1179px]:text-start"
            aria-live="polite"
          >
            {missing}
          </p>
          <Button
            look="primary"
            size="large"
            onPress={() => void submit()}
            disabled={missing !== null}
            busy={consent.busy}
            describedBy="what-is-missing"
          >
            {i18n.t('I agree, continue')}
            <ArrowRight className="turns" size={28} strokeWidth={1.6} aria-hidden />
          </Button>
        </>
      }
    >
      <section className="checkin-consent">
        <div>
          <PageTitle>{i18n.t('Is this all right with you?')}</PageTitle>
          <p className="mt-2 mb-4 max-w-[34em] text-p-18 text-ink-2">
            {i18n.t('Touch each line you agree to. You can change your mind at any time, also during the visit.')}
          </p>
          <div className="border-t border-paper-line">
            {lines.map((line) => (
              <AgreementLine
                key={line.line}
                words={line}
                selected={agreed.includes(line.line)}
                onChange={(selected) =>
                  setAgreed(selected ? [...agreed, line.line] : agreed.filter((other) => other !== line.line))
                }
              />
            ))}
          </div>
          <div className="mt-1 flex flex-wrap gap-4">
            <Button
              look="accent"
              className="ps-0"
              icon={<FileText size={24} strokeWidth={1.6} aria-hidden />}
              onPress={() => onReading(true)}
            >
              {i18n.t('Read everything')}
            </Button>
            {aloud.possible ? (
              <Button
                look="accent"
                icon={
                  aloud.reading ? (
                    <VolumeX size={24} strokeWidth={1.6} aria-hidden />
                  ) : (
                    <Volume2 size={24} strokeWidth={1.6} aria-hidden />
                  )
                }
                onPress={aloud.toggle}
              >
                {aloud.reading ? i18n.t('Stop reading') : i18n.t('Read it to me')}
              </Button>
            ) : null}
          </div>
          {ask.problem === null ? null : <Trouble problem={ask.problem} />}
        </div>
        <div>
          <h2 className="text-p-21">
            {typedName === null ? i18n.t('Sign with your finger') : i18n.t('Signed with your name')}
          </h2>
          <div className="signature-field mt-3">
            {typedName === null ? (
              <SignaturePad strokes={strokes} onChange={setStrokes} label={i18n.t('Signature')} height={324} />
            ) : (
              <div className="signature-typed">{typedName}</div>
            )}
            <span className="signature-line" aria-hidden />
            <span className="signature-name">
              {i18n.t('{name}, {date}', { name: isolate(givenName), date: dateOf(i18n, today) })}
            </span>
            <span className="signature-clear">
              {strokes.length > 0 || typedName !== null ? (
                <Button
                  look="accent"
                  icon={<Undo2 size={22} strokeWidth={1.75} aria-hidden />}
                  onPress={() => {
                    setStrokes([]);
                    setTypedName(null);
                  }}
                >
                  {i18n.t('Clear')}
                </Button>
              ) : (
                <Button
                  look="accent"
                  icon={<Keyboard size={22} strokeWidth={1.75} aria-hidden />}
                  onPress={() => setTyping(true)}
                >
                  {i18n.t('Type my name')}
                </Button>
              )}
            </span>
          </div>
          {consent.problem === null ? (
            <p className="mt-4 flex gap-3.5 text-17 text-ink-2">
              <ShieldCheck size={26} strokeWidth={1.6} className="text-accent" aria-hidden />
              {i18n.t('Your signature is stored on this clinic’s own station at once. No internet is needed.')}
            </p>
          ) : (
            <>
              <Trouble problem={consent.problem} />
              <p className="mt-2 flex items-center gap-2 text-17 text-ink-2">
                <StatusMark shape="done" /> {i18n.t('Your signature is still on this tablet.')}
              </p>
            </>
          )}
        </div>
      </section>
      <ConsentTextDialog open={reading} onClose={() => onReading(false)} />
      <TypedNameDialog
        open={typing}
        onClose={() => setTyping(false)}
        onName={(name) => {
          setTypedName(name);
          setStrokes([]);
          setTyping(false);
        }}
      />
    </Page>
  );
}

/** `21 November 2026` in the language of the screen. */
function dateOf(i18n: I18n, iso: string): string {
  return formatLongDate(iso, i18n.locale).replace(/^\S+\s/u, '');
}

/** The whole row toggles. */
function AgreementLine({
  words,
  selected,
  onChange,
}: {
  readonly words: ConsentWords;
  readonly selected: boolean;
  readonly onChange: (selected: boolean) => void;
}): ReactNode {
  const { i18n } = useLingui();
  return (
    <Checkbox isSelected={selected} onChange={onChange} className="agreement">
      <span className="agreement-box">
        <Check size={28} strokeWidth={1.8} aria-hidden />
      </span>
      <span>
        <b className="block text-p-21">{words.title}</b>
        <span className="block text-17 text-ink-2">{words.detail}</span>
      </span>
      <span className="pt-1 text-15 font-medium text-ink-3">
        {words.needed ? i18n.t('Needed') : i18n.t('Your choice')}
      </span>
    </Checkbox>
  );
}

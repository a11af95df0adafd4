/** The code: read by the reader at any time, or typed here. */
import { useLingui } from '@lingui/react';
import { ArrowRight, Barcode } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { demonstrationCode } from '../../electron/contract/demonstration.ts';
import type { Problem } from '../../electron/contract/problems.ts';
import type { Hello } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { TextField } from '../kit/field.tsx';
import { BackButton, Page, PageTitle } from './frame.tsx';
import { LetterPad } from './letter-pad.tsx';

import { Trouble, useWait } from './trouble.tsx';
import { useTypingIntoField } from './typing.ts';

const SHORTEST_CODE = 4;
const LONGEST_CODE = 64;

export function CodePage({
  hello,
  typed,
  busy,
  problem,
  onFind,
  onName,
  onStart,
}: {
  readonly hello: Hello;
  /** What the reader just gave, so that it can be compared with the letter. */
  readonly typed: string;
  readonly busy: boolean;
  readonly problem: Problem | null;
  readonly onFind: (code: string) => void;
  readonly onName: () => void;
  readonly onStart: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const [code, setCode] = useState(typed);
  useTypingIntoField();
  const waiting = useWait(problem) > 0;
  const ready = code.trim().length >= SHORTEST_CODE && !waiting;
  const submit = (): void => {
    if (ready && !busy) onFind(code.trim());
  };
  const sample = demonstrationCode(9, 30);
  return (
    <Page
      title={hello.clinicName}
      foot={
        <>
          <BackButton onPress={onStart} />
          <Button look="outlined" onPress={onName}>
            {i18n.t('I don’t have a code')}
          </Button>
          <span className="grow-1" />
          <Button look="primary" size="large" onPress={submit} disabled={!ready} busy={busy}>
            {i18n.t('Find my visit')}
            <ArrowRight className="turns" size={28} strokeWidth={1.6} aria-hidden />
          </Button>
        </>
      }
    >
      <section className="checkin-split checkin-split-even">
        <div>
          <PageTitle>{i18n.t('Hold your code under the reader')}</PageTitle>
          <p className="mt-3 max-w-[30em] text-p-21 text-ink-2">
            {i18n.t('It is printed on your letter and in the message on your phone. You can also type it.')}
          </p>
          <ReaderDrawing />
          {problem === null ? null : <Trouble problem={problem} by="code" />}
        </div>
        <div className="flex flex-col gap-5">
          <TextField
            label={i18n.t('Your code')}
            value={code}
            onChange={(value) => setCode(value.toUpperCase())}
            maxLength={LONGEST_CODE}
            onEnter={submit}
            icon={<Barcode size={26} strokeWidth={1.5} aria-hidden />}
            className="field-patient ident"
            {...(hello.mode === 'demonstration'
              ? {
                  end: (
                    <Button look="accent" onPress={() => setCode(sample)}>
                      {i18n.t('Use {code}', { code: sample })}
                    </Button>
                  ),
                }
              : {})}
          />
          <LetterPad letters="code" value={code} onChange={setCode} maxLength={LONGEST_CODE} />
        </div>
      </section>
    </Page>
  );
}

/** A letter with its code under the reader's light. */
function ReaderDrawing(): ReactNode {
  return (
    <svg className="mt-6 w-full max-w-[380px]" viewBox="0 0 380 210" aria-hidden>
      <rect x="118" y="8" width="144" height="30" rx="9" fill="var(--surface)" stroke="var(--accent)" strokeWidth="3" />
      <path d="M150 38L104 128H276L230 38z" fill="var(--accent-soft)" />
      <path d="M146 26h88" stroke="var(--accent)" strokeWidth="3" strokeLinecap="round" />
      <path
        d="M70 96H310a8 8 0 0 1 8 8V202H62V104a8 8 0 0 1 8-8z"
        fill="var(--surface)"
        stroke="var(--line-strong)"
        strokeWidth="2"
      />
      <path
        d="M140 116v34M147 116v34M156 116v34M161 116v34M171 116v34M180 116v34M186 116v34M196 116v34M205 116v34M211 116v34M221 116v34M230 116v34M239 116v34"
        stroke="var(--ink)"
        strokeWidth="3.4"
      />
      <path d="M84 172h150M84 188h96" stroke="var(--line)" strokeWidth="5" strokeLinecap="round" />
      <path d="M104 132H276" stroke="var(--warm)" strokeWidth="2.5" />
    </svg>
  );
}

/** Check-in at the desk, for somebody who does not use the check-in screen: who it is, three lines, a signature. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import { Eraser } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { ConsentLine } from '../../electron/contract/documents.ts';
import { NEEDED_CONSENTS } from '../../electron/contract/documents.ts';
import type { DayRow } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { agreedSentence, consentWords } from '../kit/consent-words.ts';
import { TextField, TickRow } from '../kit/field.tsx';
import { formatDate, formatTime } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem, PaneProblem } from '../kit/problem.tsx';
import type { Strokes } from '../kit/signature-pad.tsx';
import { LEAST_SIGNATURE_POINTS, pointsOf, SignaturePad } from '../kit/signature-pad.tsx';
import { problemHere } from '../shell/problem-of.ts';
import { useCommand, useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { fullName } from './day-words.ts';

export function DeskPage({ appointmentId }: { appointmentId: string }): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const day = useLive((client) => client.today.watch, undefined);
  const row = day.data?.rows.find((each) => each.appointmentId === appointmentId);
  const back = (): void => void navigate({ to: '/' });
  return (
    <>
      <Topbar onBack={back} backLabel={i18n.t('Back to today')}>
        <h1>{i18n.t('Check in at the desk')}</h1>
        <span className="grow-1" />
      </Topbar>
      {row !== undefined ? (
        <DeskForm key={row.sessionId} row={row} onDone={back} />
      ) : day.data === undefined ? (
        <span className="bg-surface" />
      ) : (
        <PaneProblem problem={problemHere('NOT_FOUND')} onAction={back} />
      )}
    </>
  );
}

function DeskForm({ row, onDone }: { row: DayRow; onDone: () => void }): ReactNode {
  const { i18n } = useLingui();
  const [agreed, setAgreed] = useState<ReadonlySet<ConsentLine>>(new Set());
  const [strokes, setStrokes] = useState<Strokes>([]);
  const [typedName, setTypedName] = useState('');
  const checkIn = useCommand((client) => client.today.checkIn);
  const consent = useCommand((client) => client.today.consent);
  const signed = pointsOf(strokes) >= LEAST_SIGNATURE_POINTS || typedName.trim().length >= 3;
  const complete = NEEDED_CONSENTS.every((line) => agreed.has(line)) && signed;
  const problem = checkIn.problem ?? consent.problem;
  const name = row.patient.givenName;

  const submit = async (): Promise<void> => {
    if (row.status === 'SCHEDULED' && (await checkIn.run({ appointmentId: row.appointmentId })) === null) return;
    const stored = await consent.run({
      sessionId: row.sessionId,
      agreed: [...agreed],
      language: i18n.locale,
      signature: { strokes, typedName: typedName.trim() === '' ? null : typedName.trim() },
    });
    if (stored !== null) onDone();
  };
  // Signed meanwhile at the check-in screen: what the patient decided there stands, and is not asked again.
  const given = NEEDED_CONSENTS.every((line) => row.consents?.includes(line));
  if (given && !consent.busy) return <AgreedAlready row={row} onDone={onDone} />;
  const toggle = (line: ConsentLine, on: boolean): void => {
    const next = new Set(agreed);
    if (on) next.add(line);
    else next.delete(line);
    setAgreed(next);
  };

  return (
    <div className="grid min-h-0 grid-rows-[minmax(0,1fr)_92px] bg-surface">
      <div className="desk">
        <section>
          <h2 className="proper text-26 tracking-[-0.018em]">
            {i18n.t('Is this {name}?', { name: fullName(row.patient) })}
          </h2>
          <p className="mt-1 text-17 text-ink-2">{i18n.t('Ask for the birth date; do not read it out.')}</p>
          <dl className="pairs mt-5 max-w-[640px]">
            <dt>{i18n.t('Born')}</dt>
            <dd>
              {formatDate(row.patient.birthDate)}, {i18n.t('{age} y', { age: row.patient.age })}
            </dd>
            <dt>{i18n.t('Number')}</dt>
            <dd className="ident">
              <bdi>{row.patient.number}</bdi>
            </dd>
            <dt>{i18n.t('Visit')}</dt>
            <dd>
              {i18n._(row.protocolTitle)}, {formatTime(row.startsAt)}
            </dd>
          </dl>
          <h2 className="mt-8 text-20">{i18n.t('What {name} agrees to', { name })}</h2>
          <p className="text-ink-2">{i18n.t('Nothing is ticked beforehand. It can be taken back at any time.')}</p>
          <div className="mt-3">
            {consentWords(i18n).map((words) => (
              <TickRow
                key={words.line}
                selected={agreed.has(words.line)}
                onChange={(on) => toggle(words.line, on)}
                className="border-t border-line py-4"
              >
                <span className="grow-1">
                  <b className="block text-17">{words.title}</b>
                  <span className="text-ink-2">{words.detail}</span>
                </span>
                <span className="text-13 text-ink-3">{words.needed ? i18n.t('Needed') : i18n.t('Their choice')}</span>
              </TickRow>
            ))}
          </div>
        </section>
        <section>
          <div className="flex items-end justify-between pb-2">
            <h2 className="text-20">{i18n.t('Signature')}</h2>
            <Button
              icon={<Eraser size={18} strokeWidth={1.75} aria-hidden />}
              onPress={() => setStrokes([])}
              disabled={strokes.length === 0}
            >
              {i18n.t('Clear')}
            </Button>
          </div>
          <SignaturePad
            strokes={strokes}
            onChange={setStrokes}
            height={280}
            label={i18n.t('Sign here with finger, pen or mouse')}
          />
          <p className="mt-2 text-13 text-ink-2">
            {fullName(row.patient)}, {formatDate(row.startsAt)}
          </p>
          <div className="mt-6">
            <TextField
              label={i18n.t('Or the name, typed by the person who signs')}
              value={typedName}
              onChange={setTypedName}
              maxLength={200}
            />
          </div>
          {problem === null ? null : (
            <div className="mt-6">
              <InlineProblem problem={problem} />
            </div>
          )}
        </section>
      </div>
      <footer className="action-bar">
        <Button onPress={onDone}>{i18n.t('Not now')}</Button>
        <span className="grow-1" />
        <span className="text-13 text-ink-2">
          {complete
            ? i18n.t('Stored on this station at once.')
            : i18n.t('The first two lines and a signature are needed.')}
        </span>
        <Button
          look="primary"
          size="large"
          hotkey="Enter"
          disabled={!complete}
          busy={checkIn.busy || consent.busy}
          onPress={() => void submit()}
        >
          {i18n.t('Check {name} in', { name })}
        </Button>
      </footer>
    </div>
  );
}

/** The agreement is there already: there is nothing to sign here. */
function AgreedAlready({ row, onDone }: { row: DayRow; onDone: () => void }): ReactNode {
  const { i18n } = useLingui();
  const name = row.patient.givenName;
  return (
    <div className="grid min-h-0 grid-rows-[minmax(0,1fr)_92px] bg-surface">
      <div className="min-h-0 overflow-auto px-10 pt-8" role="status">
        <h2 className="flex items-center gap-3.5 text-26 tracking-[-0.018em]">
          <StatusMark shape="done" size={30} />
          {i18n.t('{name} has agreed and is checked in', { name })}
        </h2>
        <p className="mt-2 text-17 text-ink-2">{agreedSentence(i18n, row.consents)}</p>
        <p className="mt-1 text-17 text-ink-2">
          {i18n.t('The signature is stored on this station. Nothing is left to do here.')}
        </p>
      </div>
      <footer className="action-bar">
        <span className="grow-1" />
        <Button look="primary" size="large" hotkey="Enter" onPress={onDone}>
          {i18n.t('Back to today')}
        </Button>
      </footer>
    </div>
  );
}

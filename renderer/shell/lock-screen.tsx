/** The lock: the people of this clinic and a PIN. No patient on it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useCallback, useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import type { Hello, PersonOnShift } from '../../electron/contract/views.ts';
import { Brand } from '../kit/brand.tsx';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { NumberPad, PinDots } from '../kit/number-pad.tsx';
import { useProblemWords } from '../kit/problem.tsx';
import type { Problem } from '../../electron/contract/problems.ts';
import { FirstDay } from './first-day.tsx';
import { roleWord } from './role-words.ts';
import { useAsk, useCommand } from './staff.ts';
import { useNow } from './use-now.ts';

const LONGEST_PIN = 12;
const SHORTEST_PIN = 4;

export function LockScreen({
  hello,
  onUnlocked,
  onEnrolled,
}: {
  hello: Hello;
  /** The station has other names now. */
  onEnrolled: () => void;
  onUnlocked: (person: PersonOnShift) => void;
}): ReactNode {
  const { i18n } = useLingui();
  const people = useAsk((client) => client.access.people, undefined);
  const unlock = useCommand((client) => client.access.unlock);
  const [staffId, setStaffId] = useState<string | null>(null);
  const [pin, setPin] = useState('');
  const now = useNow();
  const [waitUntil, setWaitUntil] = useState(0);
  const waitSeconds = Math.max(0, Math.ceil((waitUntil - now) / 1000));
  const isEmpty = people.data?.length === 0;
  const { refetch } = people;
  const lookAgain = useCallback(() => void refetch(), [refetch]);
  const person = people.data?.find((each) => each.staffId === staffId) ?? null;

  const submit = async (): Promise<void> => {
    if (person === null) return;
    const answer = await unlock.attempt({ staffId: person.staffId, pin });
    if ('output' in answer) {
      onUnlocked(person);
      return;
    }
    setPin('');
    const { waitSeconds } = answer.problem;
    if (waitSeconds !== undefined) setWaitUntil(Date.now() + waitSeconds * 1000);
  };

  return (
    <main className="whole grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
      <section className="flex min-h-0 flex-col justify-center border-e border-line px-[12%] py-10">
        <div className="flex items-center gap-4">
          <Brand size={36} />
          <div>
            <h1 className="text-26 tracking-[-0.018em]">{hello.clinicName}</h1>
            <p className="text-ink-2">
              {hello.locationName} · {hello.stationName}
            </p>
          </div>
        </div>
        <h2 className="pane-title mt-12 pb-3">{i18n.t('Who is here?')}</h2>
        <RadioGroup
          aria-label={i18n.t('Who is here?')}
          className="min-h-0 overflow-auto border-t border-line"
          value={staffId}
          onChange={(value) => {
            setStaffId(value);
            setPin('');
            unlock.clear();
          }}
        >
          {people.data?.map((each) => (
            <PersonTile key={each.staffId} person={each} />
          ))}
        </RadioGroup>
        {isEmpty ? <p className="pt-4 text-20 text-ink-2">{i18n.t('Nobody is known here yet.')}</p> : null}
      </section>
      <section className="flex min-h-0 flex-col items-center justify-center-safe gap-7 overflow-auto bg-canvas p-10">
        {isEmpty ? (
          <FirstDay stationName={hello.stationName} onEnrolled={onEnrolled} onLook={lookAgain} />
        ) : person === null ? (
          <p className="text-20 text-ink-2">{i18n.t('Touch your name to unlock this screen.')}</p>
        ) : (
          <>
            <div className="text-center">
              <h2 className="text-26 tracking-[-0.018em]">{person.name}</h2>
              <p className="pt-1 text-ink-2">{i18n.t('Enter your PIN')}</p>
            </div>
            <PinDots count={pin.length} places={SHORTEST_PIN} />
            <NumberPad
              value={pin}
              onChange={setPin}
              maxLength={LONGEST_PIN}
              disabled={waitSeconds > 0 || unlock.busy}
            />
            <div className="min-h-12" aria-live="assertive">
              {waitSeconds > 0 ? (
                <p className="flex items-center gap-2 font-medium text-warn">
                  <StatusMark shape="care" />
                  {i18n.t('Try again in {seconds} s', { seconds: waitSeconds })}
                  <span className="ident text-12 font-normal text-ink-3">PIN_WAIT</span>
                </p>
              ) : unlock.problem === null ? null : (
                <PinProblem problem={unlock.problem} />
              )}
            </div>
            <Button
              look="primary"
              size="large"
              className="w-[280px]"
              onPress={() => void submit()}
              busy={unlock.busy}
              disabled={pin.length < SHORTEST_PIN || waitSeconds > 0}
              hotkey="Enter"
            >
              {i18n.t('Unlock')}
            </Button>
          </>
        )}
        {hello.demonstrationPin === null ? null : (
          <p className="text-ink-2">
            {i18n.t('Demonstration clinic: everybody’s PIN is')}{' '}
            <b className="ident text-ink">{hello.demonstrationPin}</b>
          </p>
        )}
      </section>
    </main>
  );
}

function PersonTile({ person }: { person: PersonOnShift }): ReactNode {
  const { i18n } = useLingui();
  return (
    <Radio value={person.staffId} className="person-tile">
      <span className="avatar avatar-large" aria-hidden>
        {person.initials}
      </span>
      <span>
        <b className="block text-17">{person.name}</b>
        <span className="text-ink-2">{person.roles.map((role) => roleWord(i18n, role)).join(', ')}</span>
      </span>
    </Radio>
  );
}

function PinProblem({ problem }: { problem: Problem }): ReactNode {
  const words = useProblemWords(problem.code);
  return (
    <p className="flex items-center gap-2 font-medium text-fault">
      <StatusMark shape="stopped" />
      {words.happened} {words.todo}
      <span className="ident text-12 font-normal text-ink-3">{problem.code}</span>
    </p>
  );
}

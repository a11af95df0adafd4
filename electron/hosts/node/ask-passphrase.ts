/** The conversation at the terminal about a passphrase. */
import { assertLongEnough, PROBLEMS, VantageError } from '../../contract/index.ts';
import { codeOf } from '../../core/problems.ts';

/** To open what is there with; or one that is chosen now, as the station's own or for recovery. */
export type PassphrasePurpose = 'open' | 'station' | 'recovery';

/** How often two that differ, or one that is too short, may be typed. */
const TRIES = 3;

const QUESTIONS = {
  open: 'Passphrase of this station: ',
  station: 'Choose the passphrase of this station (at least 12 characters): ',
  recovery: 'Choose the recovery passphrase (at least 12 characters): ',
} as const satisfies Record<PassphrasePurpose, string>;

/**
 * One that is chosen is asked for twice; where it does not come about, that is said and it is asked for again, three times in all.
 * @param ask shows the question and gives what is typed. @throws VantageError PASSPHRASE_SHORT, PASSPHRASES_DIFFER; what `ask` throws
 */
export async function passphraseFrom(
  ask: (question: string) => Promise<string>,
  say: (line: string) => void,
  purpose: PassphrasePurpose,
): Promise<string> {
  if (purpose === 'open') return ask(QUESTIONS.open);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const first = await ask(QUESTIONS[purpose]);
      assertLongEnough(first);
      if ((await ask('The same once more: ')) !== first) throw new VantageError('PASSPHRASES_DIFFER');
      return first;
    } catch (error) {
      const code = codeOf(error);
      if (attempt === TRIES || (code !== 'PASSPHRASE_SHORT' && code !== 'PASSPHRASES_DIFFER')) throw error;
      say(`${PROBLEMS[code].happened} ${PROBLEMS[code].todo}`);
    }
  }
}

import { describe, expect, it } from 'vitest';
import { PROBLEMS, SHORTEST_PASSPHRASE } from '../../contract/index.ts';
import type { PassphrasePurpose } from './ask-passphrase.ts';
import { passphraseFrom } from './ask-passphrase.ts';

const LONG = 'correct horse battery';

/** @param typed one line for each question. */
async function asked(
  purpose: PassphrasePurpose,
  ...typed: readonly string[]
): Promise<{ answer: string; questions: string[]; said: string[] }> {
  const lines = [...typed];
  const questions: string[] = [];
  const said: string[] = [];
  const answer = await passphraseFrom(
    async (question) => {
      questions.push(question);
      const line = lines.shift();
      if (line === undefined) throw new Error('asked more often than expected');
      return line;
    },
    (line) => said.push(line),
    purpose,
  ).catch((error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)));
  expect(lines).toEqual([]);
  return { answer, questions, said };
}

describe('a passphrase at the terminal', () => {
  it('that opens what is there is asked for once, however short it is', async () => {
    expect(await asked('open', 'old')).toMatchObject({ answer: 'old', questions: ['Passphrase of this station: '] });
  });

  it('that is chosen is asked for twice; two that differ are told plainly and asked for again', async () => {
    const { answer, said } = await asked('station', LONG, `${LONG}.`, LONG, LONG);
    expect(answer).toBe(LONG);
    expect(said).toEqual([expect.stringContaining('not the same')]);
  });

  it('that is chosen too short is told with the length it needs before it is typed again', async () => {
    const short = 'x'.repeat(SHORTEST_PASSPHRASE - 1);
    const { answer, said, questions } = await asked('station', short, LONG, LONG);
    expect(answer).toBe(LONG);
    expect(said).toEqual([expect.stringContaining(`at least ${SHORTEST_PASSPHRASE} characters`)]);
    expect(questions[0]).toContain(`at least ${SHORTEST_PASSPHRASE} characters`);
    expect(PROBLEMS.PASSPHRASE_SHORT.happened).toContain(`at least ${SHORTEST_PASSPHRASE} characters`);
  });

  it('is given up after three times, with the reason of the last', async () => {
    expect(await asked('station', LONG, '1', LONG, '2', LONG, '3')).toMatchObject({ answer: 'PASSPHRASES_DIFFER' });
    expect(await asked('station', 'a', 'b', 'c')).toMatchObject({ answer: 'PASSPHRASE_SHORT' });
  });

  it('for recovery is called so', async () => {
    const { questions } = await asked('recovery', LONG, LONG);
    expect(questions[0]).toContain('recovery passphrase');
    expect(questions[0]).not.toContain('of this station');
  });
});

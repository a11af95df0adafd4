/** Message catalogs: English is the source. `lingui extract --config renderer/lingui.config.ts` brings them up to date. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from '@lingui/cli';
import { babelExtractor } from '@lingui/cli/api/extractors/babel';
import { PROBLEMS } from '../electron/contract/problems.ts';
import { PROTOCOLS } from '../electron/contract/protocols.ts';

type Extractor = typeof babelExtractor;

/** The contract holds English sentences as data (problems, protocols); they are taken from the data, not from the syntax. */
const contractExtractor: Extractor = {
  match: (filename) =>
    filename.endsWith('electron/contract/problems.ts') || filename.endsWith('electron/contract/protocols.ts'),
  extract: (filename, _code, found) => {
    const words = filename.endsWith('problems.ts') ? problemWords() : protocolWords();
    for (const id of new Set(words)) {
      found({ id, message: '', context: '', comment: '', placeholders: {}, origin: [filename, 1, 0] });
    }
  },
};

function problemWords(): string[] {
  return Object.values(PROBLEMS).flatMap((text) => [text.happened, text.safe, text.todo, text.action]);
}

function protocolWords(): string[] {
  return Object.values(PROTOCOLS).flatMap((protocol) => [
    protocol.title,
    ...protocol.steps.flatMap((step) => [
      step.title,
      step.instruction,
      ...(step.group === null ? [] : [step.group.title]),
      step.patient.title,
      ...step.patient.instructions,
      step.patient.why,
    ]),
  ]);
}

export default defineConfig({
  sourceLocale: 'en',
  // Arabic is for check-in only: `arabic.test.ts` knows which messages that are.
  locales: ['en', 'ar'],
  rootDir: fileURLToPath(new URL('..', import.meta.url)),
  catalogs: [
    {
      // A test extracts into a folder of its own to compare.
      path: `${process.env['VANTAGE_CATALOGS'] ?? '<rootDir>/renderer/locales'}/{locale}`,
      include: ['<rootDir>/renderer', '<rootDir>/electron/contract'],
      exclude: ['**/*.test.ts', '**/*.test.tsx', '**/*.config.ts'],
    },
  ],
  extractors: [contractExtractor, babelExtractor],
});

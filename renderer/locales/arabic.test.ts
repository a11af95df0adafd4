import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import { PROTOCOLS } from '../../electron/contract/protocols.ts';
import { consentWords } from '../kit/consent-words.ts';
import arabicFile from './ar.po?raw';
import englishFile from './en.po?raw';

interface Entry {
  readonly origins: string;
  readonly text: string;
}

/** Message id -> where it is used and its text. Reads what Lingui writes: one or more quoted strings after each keyword. */
function read(file: string): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const block of file.split('\n\n')) {
    const field = (name: string): string => {
      const lines = new RegExp(`^${name} ((?:".*"\\n?)+)`, 'm').exec(`${block}\n`)?.[1] ?? '';
      return lines
        .split('\n')
        .filter(Boolean)
        .map((line) => String(JSON.parse(line)))
        .join('');
    };
    const origins = [...block.matchAll(/^#: (.*)$/gm)].map((match) => match[1]).join(' ');
    entries.set(field('msgid'), { origins, text: field('msgstr') });
  }
  return entries;
}

/** Everything that a patient can read at check-in. */
function neededMessages(): readonly string[] {
  const plain = setupI18n({ locale: 'en', messages: { en: {} } });
  return [
    ...[...read(englishFile)].filter(([, entry]) => entry.origins.includes('renderer/checkin/')).map(([id]) => id),
    ...Object.values(PROTOCOLS).flatMap(({ steps }) =>
      steps.flatMap(({ patient }) => [patient.title, ...patient.instructions, patient.why]),
    ),
    ...consentWords(plain).flatMap((line) => [line.title, line.detail]),
    'Demonstration clinic: no real patients.',
    'Close',
    'Remove last digit',
  ];
}

function placeholdersOf(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\{(\w+)[},]/g)].map((match) => match[1] ?? ''))].toSorted();
}

const arabic = read(arabicFile);

describe('check-in in Arabic', () => {

  it('has words for everything that a patient can read', () => {
    expect(neededMessages().filter((id) => (arabic.get(id)?.text ?? '') === '')).toEqual([]);
  });

  it('fills in the same values as the English text', () => {
    const wrong = neededMessages().filter((id) => {
      const text = arabic.get(id)?.text ?? '';
      return placeholdersOf(text).join(' ') !== placeholdersOf(id).join(' ');
    });
    expect(wrong).toEqual([]);
  });
});

/** Where everything is, and the station line under it. */
const OPERATIONS =
  /renderer\/(operations\/(sync|step-ladder|artefact|line-section|bandwidth|unpushed|kept-back|waiting|outbox)|shell\/(cloud-words|station-line))/;

describe('operations in Arabic', () => {
  const needed = [...read(englishFile)].filter(([, entry]) => OPERATIONS.test(entry.origins)).map(([id]) => id);

  it('has words for everything on the way to the cloud', () => {
    expect(needed.length).toBeGreaterThan(100);
    expect(needed.filter((id) => (arabic.get(id)?.text ?? '') === '')).toEqual([]);
  });

  it('says nothing of a value that the English text has not', () => {
    const wrong = needed.filter((id) => {
      const known = placeholdersOf(id);
      return placeholdersOf(arabic.get(id)?.text ?? '').some((name) => !known.includes(name));
    });
    expect(wrong).toEqual([]);
  });
});

describe('the cloud’s own page in Arabic', () => {
  const needed = [...read(englishFile)]
    .filter(([, entry]) => /renderer\/(cloud\/|clinician\/sign-in-entry)/.test(entry.origins))
    .map(([id]) => id);

  it('has words for everything that is its own, with the same values', () => {
    expect(needed.length).toBeGreaterThan(40);
    expect(needed.filter((id) => (arabic.get(id)?.text ?? '') === '')).toEqual([]);
    const wrong = needed.filter((id) => placeholdersOf(arabic.get(id)?.text ?? '').join() !== placeholdersOf(id).join());
    expect(wrong).toEqual([]);
  });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

function idsOf(po: string): Set<string> {
  return new Set(
    po
      .split('\n\n')
      .flatMap((entry) => (entry.startsWith('#~') ? [] : [messageId(entry)]))
      .filter((id) => id !== ''),
  );
}

/** The msgid of an entry, its continued lines joined. */
function messageId(entry: string): string {
  const lines = entry.split('\n').filter((line) => !line.startsWith('#'));
  const start = lines.findIndex((line) => line.startsWith('msgid '));
  const end = lines.findIndex((line) => line.startsWith('msgstr'));
  return lines
    .slice(start, end)
    .map((line) => JSON.parse(line.replace(/^msgid /, '')) as string)
    .join('');
}

describe('the message catalog', () => {
  it('has every sentence that the screens and the contract use', async () => {
    const out = await mkdtemp(join(tmpdir(), 'vantage-words-'));
    try {
      await promisify(execFile)(
        process.execPath,
        [
          'node_modules/@lingui/cli/dist/lingui.js',
          'extract',
          '--workers',
          '1',
          '--config',
          'renderer/lingui.config.ts',
          '--clean',
          '--overwrite',
        ],
        { cwd: root, env: { ...process.env, VANTAGE_CATALOGS: out } },
      );
      const used = idsOf(await readFile(join(out, 'en.po'), 'utf8'));
      const kept = idsOf(await readFile(join(root, 'renderer/locales/en.po'), 'utf8'));
      expect(used.size).toBeGreaterThan(100);
      expect([...used].filter((id) => !kept.has(id))).toEqual([]);
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  });
});

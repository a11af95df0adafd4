/** Values that stand out, the ways in which they could be written, and a search for them in every file of a folder. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface Needle {
  /** What it is, without saying it: "the patient's name, base64". */
  readonly name: string;
  readonly bytes: Buffer;
}

/** A text as programs write it: in Unicode's forms, as base64 at each alignment, as hexadecimal digits, in a URL. */
export function needlesOfText(name: string, text: string): Needle[] {
  const forms: [string, Buffer][] = [
    ['UTF-8', Buffer.from(text)],
    ['UTF-16, little endian', Buffer.from(text, 'utf16le')],
    ['UTF-16, big endian', Buffer.from(text, 'utf16le').swap16()],
    ['URL', Buffer.from(encodeURIComponent(text))],
  ];
  return [...forms.map(([form, bytes]) => ({ name: `${name}, ${form}`, bytes })), ...encoded(name, Buffer.from(text))];
}

/** Bytes as they are, and as texts. */
export function needlesOfBytes(name: string, bytes: Buffer): Needle[] {
  return [{ name: `${name}, as it is`, bytes }, ...encoded(name, bytes)];
}

function encoded(name: string, bytes: Buffer): Needle[] {
  const hex = bytes.toString('hex');
  const alignments = [0, 1, 2].flatMap((shift) => {
    // Digits that depend on what stands before and after are left out.
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor(((shift + bytes.length) * 8) / 6);
    const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
    return (['base64', 'base64url'] as const).map((form) => ({
      name: `${name}, ${form} at ${shift}`,
      bytes: Buffer.from(padded.toString(form).slice(from, to)),
    }));
  });
  return [
    { name: `${name}, hexadecimal`, bytes: Buffer.from(hex) },
    { name: `${name}, hexadecimal capitals`, bytes: Buffer.from(hex.toUpperCase()) },
    ...alignments,
  ];
}

export interface SearchResult {
  readonly files: number;
  readonly bytes: number;
  /** "needle in path". */
  readonly found: readonly string[];
}

/** Looks into every file below `folder`, and at its name. */
export function searchFolder(folder: string, needles: readonly Needle[]): SearchResult {
  const found: string[] = [];
  let files = 0;
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const shown = relative(folder, path);
    const content = entry.isFile() ? readFileSync(path) : Buffer.alloc(0);
    if (entry.isFile()) files += 1;
    bytes += content.length;
    for (const place of [content, Buffer.from(shown)]) found.push(...searchBytes(place, needles, shown));
  }
  return { files, bytes, found: [...new Set(found)] };
}

export function searchBytes(content: Buffer, needles: readonly Needle[], place: string): string[] {
  return needles.filter((needle) => content.includes(needle.bytes)).map((needle) => `${needle.name} in ${place}`);
}

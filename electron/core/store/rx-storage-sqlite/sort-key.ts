/**
 * JavaScript (and so RxDB's matcher, sort and every other storage) orders strings by UTF-16 unit, SQLite by UTF-8 byte. The two
 * differ from U+D800 on: surrogate pairs come before U+E000-U+FFFF in one and after them in the other. A key maps every unit
 * from 0xD800 on to a code point of its own above U+FFFF, so that SQLite's order is JavaScript's. Lone surrogates, which
 * UTF-8 cannot hold, stay distinct.
 */
const HIGH_UNIT = /[\uD800-\uFFFF]/;
const FIRST_HIGH = 0xd8_00;

/** Longer texts are mapped in pieces: each unit becomes an argument. */
const PIECE = 1024;

/** @returns text whose UTF-8 bytes order and compare as `text` does in JavaScript. The text itself where nothing is to do. */
export function sortKeyOf(text: string): string {
  if (!HIGH_UNIT.test(text)) return text;
  let key = '';
  for (let from = 0; from < text.length; from += PIECE) key += mapped(text, from, Math.min(text.length, from + PIECE));
  return key;
}

function mapped(text: string, from: number, until: number): string {
  const units: number[] = [];
  for (let index = from; index < until; index += 1) {
    const unit = text.charCodeAt(index);
    const above = unit - FIRST_HIGH;
    // As UTF-16 writes the code point 0x10000 + `above`.
    if (above >= 0) units.push(0xd8_00 + (above >> 10), 0xdc_00 + (above & 0x3_ff));
    else units.push(unit);
  }
  return String.fromCharCode(...units);
}

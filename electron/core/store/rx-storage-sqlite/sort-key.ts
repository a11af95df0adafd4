/**
 * JavaScript (and so RxDB's matcher, sort and every other storage) orders strings by UTF-16 unit, SQLite by UTF-8 byte. The two
 * differ from U+D800 on: surrogate pairs come before U+E000-U+FFFF in one and after them in the other. A key maps every unit
 * from 0xD800 on to a code point of its own above U+FFFF, so that SQLite's order is JavaScript's. Lone surrogates, which
 * UTF-8 cannot hold, stay distinct.
 */
const HIGH_UNIT = /[\uD800-\uFFFF]/;
const FIRST_HIGH = 0xd8_00;
const FIRST_MAPPED = 0x1_00_00;

/** @returns text whose UTF-8 bytes order and compare as `text` does in JavaScript. The text itself where nothing is to do. */
export function sortKeyOf(text: string): string {
  if (!HIGH_UNIT.test(text)) return text;
  let key = '';
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    key += unit < FIRST_HIGH ? text.charAt(index) : String.fromCodePoint(FIRST_MAPPED + unit - FIRST_HIGH);
  }
  return key;
}

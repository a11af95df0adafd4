/** A name or number in a sentence of the other writing direction keeps its own: Unicode's first-strong isolate around it. */
export function isolate(text: string): string {
  return `\u2068${text}\u2069`;
}

/** What is known to everybody about the demonstration clinic. Nothing of it exists outside it. */
export const DEMONSTRATION_PIN = '2468';

/** Check-in codes of the demonstration's letters: `DEMO-` and the appointment's time, e.g. `DEMO-0940`. */
export function demonstrationCode(hours: number, minutes: number): string {
  return `DEMO-${String(hours).padStart(2, '0')}${String(minutes).padStart(2, '0')}`;
}

/** A keyboard at hand types into the page's field without touching it first; the tablet's own keyboard stays away until then. */
import { useEffect } from 'react';

/** While the caller is drawn, a letter or digit typed anywhere goes to the page's first field. */
export function useTypingIntoField(): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.key.length !== 1 || event.key === ' ' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLInputElement) return;
      // Focused before the key has its effect: the letter lands in the field.
      (
        document.querySelector<HTMLInputElement>('.dialog input') ??
        document.querySelector<HTMLInputElement>('.checkin-page input[type="text"]')
      )?.focus();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}

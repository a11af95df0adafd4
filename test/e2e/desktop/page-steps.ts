/** What a person does at a page, by what a person sees: names on buttons, text on the screen. */
import { DEMONSTRATION_PIN } from '../../../electron/contract/index.ts';
import type { Surface } from '../../../electron/contract/index.ts';
import type { DesktopApp } from './adapter.ts';

/** The text that the page shows. */
export function textOf(app: DesktopApp, surface: Surface = 'staff'): Promise<string> {
  return app.page<string>('document.body.innerText', { surface });
}

export function shows(
  app: DesktopApp,
  wanted: string | RegExp,
  surface: Surface = 'staff',
  limitMs?: number,
): Promise<string> {
  const ask = async (): Promise<string | null> => {
    const text = await textOf(app, surface);
    if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) return text;
    throw new Error(`the ${surface} page shows: ${text.slice(0, 1500)}`);
  };
  return app.until(ask, `"${wanted}" on the ${surface} page`, limitMs);
}

/** Presses the button, option or link of that name as soon as it is there and enabled. */
export async function press(app: DesktopApp, name: string | RegExp): Promise<void> {
  const matches =
    typeof name === 'string'
      ? `each.textContent.trim() === ${JSON.stringify(name)}`
      : `${String(name)}.test(each.textContent)`;
  await app.until(
    () =>
      app.page<boolean>(
        `(() => {
          const found = [...document.querySelectorAll('button, [role=button], [role=radio], label, a')]
            .find((each) => ${matches} && !each.disabled && each.getAttribute('aria-disabled') !== 'true');
          found?.click();
          return found !== undefined;
        })()`,
        { gesture: true },
      ),
    `a button "${name}"`,
  );
}

/** Chooses a row of a table by what stands in it. */
export async function choose(app: DesktopApp, name: string): Promise<void> {
  await app.until(
    () =>
      app.page<boolean>(
        `(() => {
          const row = [...document.querySelectorAll('tbody tr')].find((each) => each.textContent.includes(${JSON.stringify(name)}));
          row?.click();
          return row !== undefined;
        })()`,
        { gesture: true },
      ),
    `a row "${name}"`,
  );
}

/** Unlocks the staff screen as the facilitator of the demonstration. */
export async function unlock(app: DesktopApp, name = /Ines Modelo/): Promise<void> {
  await press(app, name);
  for (const digit of DEMONSTRATION_PIN) await press(app, digit);
  await press(app, /^Unlock/);
  await shows(app, 'Today');
}

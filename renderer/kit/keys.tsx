/** Keys of a screen: registered while it is drawn, shown on their buttons and behind `?`, silent in text and under dialogs. */
import type { ReactNode } from 'react';
import { createContext, useContext, useEffect, useMemo, useRef } from 'react';

export interface KeyBinding {
  /** As `KeyboardEvent.key`, with `Ctrl+` where needed: `Enter`, `Space`, `r`, `Ctrl+l`, `?`. */
  readonly key: string;
  /** What it does, for the overview: "Save". */
  readonly label: string;
  readonly run: () => void;
  readonly disabled?: boolean;
  /** Works under dialogs and in text fields too (the lock). */
  readonly always?: boolean;
}

interface Registration {
  readonly layer: number;
  readonly bindings: () => readonly KeyBinding[];
}

/** One per page. Screens register, the page listens once. */
export class KeyRegistry {
  readonly #registrations = new Set<Registration>();
  readonly #layers = new Map<symbol, number>();
  /** Single letters can be turned off for those whom they disturb; Enter, Space, Escape and Ctrl keys stay. */
  letters = true;

  allowLetters(on: boolean): void {
    this.letters = on;
  }

  register(registration: Registration): () => void {
    this.#registrations.add(registration);
    return () => this.#registrations.delete(registration);
  }

  /** A dialog is open: only its own keys and those marked `always` count. */
  openLayer(layer: number): () => void {
    const token = Symbol('layer');
    this.#layers.set(token, layer);
    return () => this.#layers.delete(token);
  }

  get top(): number {
    return Math.max(0, ...this.#layers.values());
  }

  /** All that can be pressed on the screen itself, dialogs aside. */
  listAll(): readonly KeyBinding[] {
    return [...this.#registrations]
      .filter((each) => each.layer === 0)
      .flatMap((each) => each.bindings())
      .filter((binding) => binding.disabled !== true);
  }

  /** Runs the last registered binding for the event; true when one did. */
  handle(event: KeyboardEvent): boolean {
    const name = nameOf(event);
    const inText = isTextEntry(event.target);
    for (const registration of [...this.#registrations].toReversed()) {
      for (const binding of registration.bindings()) {
        if (binding.disabled === true || binding.key !== name) continue;
        if (binding.always !== true) {
          if (registration.layer !== this.top) continue;
          if (inText && name !== 'Escape' && !(name === 'Enter' && isOneLine(event.target))) continue;
          if (name === 'Enter' && takesEnter(event.target)) continue;
          if (name === 'Space' && takesSpace(event.target)) continue;
          if (!this.letters && /^[a-z?/]$/.test(name)) continue;
        }
        event.preventDefault();
        binding.run();
        return true;
      }
    }
    return false;
  }
}

function nameOf(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) return `Ctrl+${key}`;
  return event.altKey ? `Alt+${key}` : key;
}

function isTextEntry(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  return (
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button', 'submit'].includes(target.type)
  );
}

/** One line of text has no use for Enter of its own: the filled button, which shows Enter, gets it. */
function isOneLine(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement;
}

const ENTER_CONTROLS = 'button, a[href], summary, select, [role="button"]';
const SPACE_CONTROLS = `${ENTER_CONTROLS}, input, [role="option"], [role="checkbox"], [role="radio"]`;

/** Enter belongs to a button or link that has the focus; a chosen radio or box leaves it to the screen. */
function isChoice(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && (target.type === 'radio' || target.type === 'checkbox');
}

function takesEnter(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest(ENTER_CONTROLS) !== null;
}

function takesSpace(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest(SPACE_CONTROLS) !== null;
}

/**
 * What is touched does not get the focus, and one left behind by the keyboard ends: Enter and Space go on meaning the buttons
 * that show them. Text keeps its focus, so that keys on the screen can type into it.
 */
function leaveNoFocus(event: MouseEvent): void {
  if (!(event.target instanceof Element) || event.target.closest('button, a[href]') === null) return;
  event.preventDefault();
  const before = document.activeElement;
  if (before instanceof HTMLElement && before.matches('button, a[href]')) before.blur();
}

const RegistryContext = createContext<KeyRegistry>(new KeyRegistry());
const LayerContext = createContext(0);

/** Listens for the whole page. Once, around everything. */
export function KeyRoot({ registry, children }: { registry: KeyRegistry; children: ReactNode }): ReactNode {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!event.defaultPrevented && !event.isComposing && !event.repeat) registry.handle(event);
    };
    // React Aria keeps Enter of a focused choice to itself; there it would do nothing, so it is taken on its way down.
    const listenFirst = (event: KeyboardEvent): void => {
      if (event.key === 'Enter' && isChoice(event.target)) listen(event);
    };
    window.addEventListener('keydown', listenFirst, { capture: true });
    window.addEventListener('keydown', listen);
    window.addEventListener('mousedown', leaveNoFocus, { capture: true });
    return () => {
      window.removeEventListener('keydown', listenFirst, { capture: true });
      window.removeEventListener('keydown', listen);
      window.removeEventListener('mousedown', leaveNoFocus, { capture: true });
    };
  }, [registry]);
  return <RegistryContext value={registry}>{children}</RegistryContext>;
}

/** Around what lies above the rest (dialogs do it themselves). */
export function KeyLayer({ children }: { children: ReactNode }): ReactNode {
  const registry = useContext(RegistryContext);
  const layer = useContext(LayerContext) + 1;
  useEffect(() => registry.openLayer(layer), [registry, layer]);
  return <LayerContext value={layer}>{children}</LayerContext>;
}

export function useKeyRegistry(): KeyRegistry {
  return useContext(RegistryContext);
}

/** Registers keys while the calling component is drawn. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  const registry = useContext(RegistryContext);
  const layer = useContext(LayerContext);
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  const registration = useMemo(() => ({ layer, bindings: () => latest.current }), [layer]);
  useEffect(() => registry.register(registration), [registry, registration]);
}

/** The name of a key as printed on buttons. */
export function keyCap(key: string): string {
  const names: Readonly<Record<string, string>> = { Escape: 'Esc', ArrowDown: '↓', ArrowUp: '↑' };
  return (key.length > 1 ? key.split('+') : [key])
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' ');
}

/** A key drawn as a key. */
export function KeyCap({ name }: { name: string }): ReactNode {
  return <kbd className="key">{keyCap(name)}</kbd>;
}

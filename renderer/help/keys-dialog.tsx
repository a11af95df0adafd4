/** `?`: all keys that do something here, now. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Dialog } from '../kit/dialog.tsx';
import { TickRow } from '../kit/field.tsx';
import type { KeyBinding } from '../kit/keys.tsx';
import { KeyCap, useKeyRegistry, useKeys } from '../kit/keys.tsx';

export function KeysDialog({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const { i18n } = useLingui();
  return (
    <Dialog title={i18n.t('Keys on this screen')} open={open} onClose={onClose}>
      <KeyList onClose={onClose} />
    </Dialog>
  );
}

function KeyList({ onClose }: { onClose: () => void }): ReactNode {
  const { i18n } = useLingui();
  const registry = useKeyRegistry();
  // What could be pressed when the overview was opened; its own layer hides the rest.
  const [bindings] = useState<readonly KeyBinding[]>(() => unique(registry.listAll()));
  const [letters, setLetters] = useState(registry.letters);
  useKeys([{ key: 'Escape', label: i18n.t('Close'), run: onClose }]);
  return (
    <>
      <ul className="m-0 list-none p-0">
        {bindings.map((binding) => (
          <li key={binding.key} className="flex items-center justify-between border-b border-line py-2.5">
            <span>{binding.label}</span>
            <KeyCap name={binding.key} />
          </li>
        ))}
      </ul>
      <TickRow
        selected={letters}
        onChange={(on) => {
          registry.allowLetters(on);
          setLetters(on);
        }}
        className="mt-4 items-center"
      >
        <span>{i18n.t('Single letters do something')}</span>
      </TickRow>
    </>
  );
}

function unique(bindings: readonly KeyBinding[]): readonly KeyBinding[] {
  const byKey = new Map(bindings.filter((each) => each.label !== '').map((each) => [each.key, each]));
  return [...byKey.values()];
}

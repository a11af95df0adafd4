/** Dialogs: for a question that must be answered before anything else. Everything else is a pane. */
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { useLingui } from '@lingui/react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay, Radio, RadioGroup } from 'react-aria-components';
import { Button, IconButton } from './button.tsx';
import { TextField } from './field.tsx';
import { KeyLayer } from './keys.tsx';

export function Dialog({
  title,
  open,
  onClose,
  wide = false,
  children,
  actions,
}: {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ReactNode;
  /** The primary one last. */
  readonly actions?: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  return (
    <ModalOverlay
      className="overlay"
      isOpen={open}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      isDismissable
    >
      <Modal className={`dialog${wide ? ' dialog-wide' : ''}`}>
        <AriaDialog>
          <KeyLayer>
            <header className="flex items-center gap-4 pt-5 ps-7 pe-4">
              <Heading slot="title" className="grow-1 text-20 font-semibold">
                {title}
              </Heading>
              <IconButton label={i18n.t('Close')} onPress={onClose}>
                <X size={20} strokeWidth={1.75} aria-hidden />
              </IconButton>
            </header>
            <div className="px-7 pt-2 pb-2">{children}</div>
            {actions === undefined ? <div className="h-5" /> : <footer className="dialog-actions">{actions}</footer>}
          </KeyLayer>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Asks for a reason from a list, with room for one's own words; nothing is chosen beforehand. */
export function ReasonDialog({
  title,
  explanation,
  reasons,
  confirm,
  open,
  busy = false,
  onClose,
  onReason,
  problem,
}: {
  readonly title: string;
  readonly explanation?: ReactNode;
  readonly reasons: readonly string[];
  readonly confirm: string;
  readonly open: boolean;
  readonly busy?: boolean;
  readonly onClose: () => void;
  readonly onReason: (reason: string) => void;
  readonly problem?: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  const [chosen, setChosen] = useState<string | null>(null);
  const [own, setOwn] = useState('');
  const other = 'other';
  const reason = chosen === other ? own.trim() : (chosen ?? '');
  const submit = (): void => {
    if (reason !== '') onReason(reason);
  };
  return (
    <Dialog
      title={title}
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button look="plain" onPress={onClose} hotkey="Escape">
            {i18n.t('Cancel')}
          </Button>
          <Button look="primary" onPress={submit} disabled={reason === ''} busy={busy} hotkey="Enter">
            {confirm}
          </Button>
        </>
      }
    >
      {explanation === undefined ? null : <p className="pb-3 text-ink-2">{explanation}</p>}
      <RadioGroup aria-label={title} value={chosen} onChange={setChosen} className="border-t border-line">
        {[...reasons, other].map((value) => (
          <Radio key={value} value={value} className="choice">
            {value === other ? i18n.t('Something else') : value}
          </Radio>
        ))}
      </RadioGroup>
      {chosen === other ? (
        <div className="pt-4">
          <TextField label={i18n.t('In your own words')} value={own} onChange={setOwn} maxLength={500} focusFirst />
        </div>
      ) : null}
      {problem === undefined ? null : <div className="pt-4">{problem}</div>}
    </Dialog>
  );
}

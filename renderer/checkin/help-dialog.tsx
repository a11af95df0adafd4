/** Help before this screen knows who asks: it can't call anybody for a person it doesn't know, and says so. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';

export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const { i18n } = useLingui();
  return (
    <Dialog
      title={i18n.t('Ask at the desk')}
      open={open}
      onClose={onClose}
      actions={
        <Button look="primary" onPress={onClose}>
          {i18n.t('Go on here')}
        </Button>
      }
    >
      <p>{i18n.t('The people at the desk can do all of this for you, or with you.')}</p>
      <p className="pt-3">{i18n.t('Once this screen knows who you are, “Ask for help” calls somebody to you.')}</p>
    </Dialog>
  );
}

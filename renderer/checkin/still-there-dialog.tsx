/** Nobody has touched the screen for a while, and somebody's check-in is on it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';

export function StillThereDialog({
  open,
  seconds,
  onHere,
  onStart,
}: {
  readonly open: boolean;
  readonly seconds: number;
  readonly onHere: () => void;
  readonly onStart: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  return (
    <Dialog
      title={i18n.t('Are you still there?')}
      open={open}
      onClose={onHere}
      actions={
        <>
          <Button look="outlined" onPress={onStart}>
            {i18n.t('Back to the start')}
          </Button>
          <Button look="primary" onPress={onHere}>
            {i18n.t('Yes, go on')}
          </Button>
        </>
      }
    >
      <p>
        {i18n.t(
          '{seconds, plural, one {In # second this screen goes back to the start.} other {In # seconds this screen goes back to the start.}}',
          { seconds },
        )}
      </p>
    </Dialog>
  );
}

/** A pane that waits for its first data: nothing for a moment, then its lines, after five seconds a word. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';

export function WaitingLines(): ReactNode {
  const { i18n } = useLingui();
  const [stage, setStage] = useState<'nothing' | 'lines' | 'slow'>('nothing');
  useEffect(() => {
    const timers = [setTimeout(() => setStage('lines'), 200), setTimeout(() => setStage('slow'), 5000)];
    return () => timers.forEach((timer) => clearTimeout(timer));
  }, []);
  if (stage === 'nothing') return <div className="waiting-lines" />;
  return (
    <div className="waiting-lines" role="status">
      {[62, 48, 55, 40].map((width) => (
        <span key={width} className="quiet-line" style={{ width: `${width}%` }} />
      ))}
      {stage === 'slow' ? (
        <p className="text-ink-2">{i18n.t('Still reading. Large clinics take a little longer.')}</p>
      ) : null}
    </div>
  );
}

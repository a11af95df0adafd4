/** The check-in page, for patients. */
import '@fontsource-variable/inter/opsz.css';
import '@fontsource-variable/noto-sans-arabic/wght.css';
import '../kit/kit.css';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import { startWords } from '../kit/words.ts';
import { connect, createCheckinClient } from '../shell/client.ts';
import { CheckinApp } from './app.tsx';

// The content policy allows no code made at run time; zod is told before it tries.
z.config({ jitless: true });
startWords();
const connection = connect('checkin');
const root = document.querySelector('#root');
if (root !== null) {
  createRoot(root).render(<CheckinApp client={createCheckinClient(connection)} connection={connection} />);
}

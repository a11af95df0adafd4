/** The page that the cloud serves, for people who work from elsewhere. */
import '@fontsource-variable/inter/opsz.css';
import '@fontsource-variable/noto-sans-arabic/wght.css';
import '../kit/kit.css';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import { startWords } from '../kit/words.ts';
import { createStaffClient } from '../shell/client.ts';
import { CloudApp } from './app.tsx';
import { openCloudLine } from './cloud-line.ts';
import { rememberedLanguage } from './language.ts';

// The content policy allows no code made at run time; zod is told before it tries.
z.config({ jitless: true });
startWords();
void rememberedLanguage();
const line = openCloudLine();
const root = document.querySelector('#root');
if (root !== null) createRoot(root).render(<CloudApp client={createStaffClient(line.connection)} line={line} />);

/** The staff page. */
import '@fontsource-variable/inter/opsz.css';
import '@fontsource-variable/noto-sans-arabic/wght.css';
import '../kit/kit.css';
import { createRoot } from 'react-dom/client';
import { startWords } from '../kit/words.ts';
import { StaffApp } from './app.tsx';
import { connect, createStaffClient } from './client.ts';

startWords();
const connection = connect('staff');
const root = document.querySelector('#root');
if (root !== null) createRoot(root).render(<StaffApp client={createStaffClient(connection)} connection={connection} />);

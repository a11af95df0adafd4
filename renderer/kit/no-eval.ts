/** First import of every page: the content policy allows no code made at run time, so zod is told before a schema is made. */
import { z } from 'zod';

z.config({ jitless: true });

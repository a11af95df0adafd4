/**
 * What `zod` means in the bundles (an alias in the Vite configurations): the library, told before any schema is made that the
 * content policy allows no code made at run time.
 */
import { config } from 'zod/v4';

config({ jitless: true });

export * from 'zod/v4';

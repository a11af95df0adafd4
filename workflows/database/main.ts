/**
 * Brings the database of DATABASE_ADMIN_URL up to date and makes the API's login of DATABASE_URL: what a deployment runs before the
 * API starts.
 */
import { z } from 'zod';
import { ensureLogin, migrate } from './migrate.ts';

const url = z.url({ protocol: /^postgres(ql)?$/ });
const { DATABASE_ADMIN_URL, DATABASE_URL } = z
  .object({ DATABASE_ADMIN_URL: url, DATABASE_URL: url })
  .parse(process.env, { error: () => 'DATABASE_ADMIN_URL and DATABASE_URL are needed' });
const ran = await migrate(DATABASE_ADMIN_URL);
const { username, password } = new URL(DATABASE_URL);
await ensureLogin(DATABASE_ADMIN_URL, decodeURIComponent(username), decodeURIComponent(password));
process.stdout.write(ran.length === 0 ? 'the database was up to date\n' : `ran ${ran.join(', ')}\n`);

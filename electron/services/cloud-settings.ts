/** How the cloud may be reached, from the environment. Which cloud it is, an enrolment says; certificates are Node's own matter. */
import type { CloudSettings } from '../core/clinic-api.ts';

/** `VANTAGE_CLOUD_HTTP=allow`: http to other machines, for development only. */
export function cloudSettings(environment: Readonly<Record<string, string | undefined>>): CloudSettings {
  return { allowHttp: environment['VANTAGE_CLOUD_HTTP'] === 'allow' };
}

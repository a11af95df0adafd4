/** What activities are asked for a clinic has to have come under that clinic's keys: whoever has keys of their own acts for nobody else. */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { z } from 'zod';
import type { EncryptionCodec } from '../codec/encryption-codec.ts';

const named = z.looseObject({ tenantId: z.string() });
/** The ways in which activities are told whom it is about; those of the installation name no clinic. */
const aboutSchema = z.looseObject({ visit: named.optional(), site: named.optional() });

/**
 * An activity that names another clinic than the one under whose key its workflow's payloads came fails for good, before it begins.
 *
 * @param codec that opened the payloads, of this worker
 */
export function ownTenantOnly(codec: Pick<EncryptionCodec, 'tenantOfWorkflow'>): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      execute: async (input, next) => {
        const about = aboutSchema.safeParse(input.args[0]);
        const tenantId = (about.data?.visit ?? about.data?.site)?.tenantId;
        if (tenantId !== undefined && tenantId !== codec.tenantOfWorkflow(info.workflowExecution?.workflowId ?? '')) {
          throw ApplicationFailure.nonRetryable('payloads of another clinic than it is about', 'TENANT_MISMATCH');
        }
        return next(input);
      },
    },
  });
}

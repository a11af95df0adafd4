/**
 * Payloads on the wire and in Temporal's histories: AES-256-GCM under the tenant's key. Whoever keeps the histories reads ids, names of
 * types and times; nothing else.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { METADATA_ENCODING_KEY, ValueError } from '@temporalio/common';
// CommonJS whose names Node does not see.
import proto from '@temporalio/proto';
import type { NamedKey, TenantKeys } from './keys.ts';

const CIPHER = 'aes-256-gcm';
const ENCODING = 'binary/encrypted';
const KEY_FIELD = 'encryption-key-id';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Workflows whose tenant is remembered; one that is forgotten is learnt again from its input. */
const REMEMBERED = 50_000;

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

export class EncryptionCodec implements PayloadCodec {
  readonly #keys: TenantKeys;
  readonly #ownTenantId: string | null;
  /** By workflow id: under whose key its payloads came. What is answered goes back under the same. */
  readonly #tenants = new Map<string, string>();

  /** @param ownTenantId of a station; null: of a worker, which serves all tenants */
  constructor(keys: TenantKeys, ownTenantId: string | null) {
    this.#keys = keys;
    this.#ownTenantId = ownTenantId;
  }

  /** @throws ValueError rather than to send anything in plain text */
  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    if (payloads.length === 0) return payloads;
    const tenantId = this.#ownTenantId ?? this.#tenants.get(context?.workflowId ?? '');
    if (tenantId === undefined) throw new ValueError('payloads of a workflow whose tenant is not known');
    const key = this.#keys.current(tenantId);
    return payloads.map((payload) => seal(payload, tenantId, key));
  }

  /** What is not encrypted is left as it is. @throws ValueError for an unknown key, or what was changed on the way */
  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload) => {
      if (textOf(payload, METADATA_ENCODING_KEY) !== ENCODING) return payload;
      const name = textOf(payload, KEY_FIELD) ?? '';
      const [tenantId, keyId] = name.split('/');
      const key = tenantId === undefined || keyId === undefined ? null : this.#keys.find(tenantId, keyId);
      if (tenantId === undefined || key === null) throw new ValueError('a payload under a key that is not known here');
      const opened = open(payload, name, key);
      if (context?.workflowId !== undefined) this.#remember(context.workflowId, tenantId);
      return opened;
    });
  }

  /** Under whose key its payloads came, of late; null: nothing of it was opened. */
  tenantOfWorkflow(workflowId: string): string | null {
    return this.#tenants.get(workflowId) ?? null;
  }

  #remember(workflowId: string, tenantId: string): void {
    const known = this.#tenants.get(workflowId);
    // One workflow belongs to one clinic, whoever else has a key of their own.
    if (known !== undefined && known !== tenantId) throw new ValueError('payloads of two tenants in one workflow');
    this.#tenants.delete(workflowId);
    this.#tenants.set(workflowId, tenantId);
    if (this.#tenants.size <= REMEMBERED) return;
    for (const oldest of this.#tenants.keys()) {
      this.#tenants.delete(oldest);
      break;
    }
  }
}

/** Under whose key it lies; null: it is not encrypted. */
export function tenantOf(payload: Payload): string | null {
  if (textOf(payload, METADATA_ENCODING_KEY) !== ENCODING) return null;
  return textOf(payload, KEY_FIELD)?.split('/')[0] ?? '';
}

/** `data`: nonce, ciphertext, tag. The key's name is authenticated, too. */
function seal(payload: Payload, tenantId: string, { id, key }: NamedKey): Payload {
  const name = `${tenantId}/${id}`;
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(name));
  const sealed = [iv, cipher.update(PayloadMessage.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
  return {
    metadata: { [METADATA_ENCODING_KEY]: Buffer.from(ENCODING), [KEY_FIELD]: Buffer.from(name) },
    data: Buffer.concat(sealed),
  };
}

function open(payload: Payload, name: string, { key }: NamedKey): Payload {
  const data = Buffer.from(payload.data ?? []);
  if (data.length < IV_BYTES + TAG_BYTES) throw new ValueError('an encrypted payload is cut short');
  try {
    const decipher = createDecipheriv(CIPHER, key, data.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(name));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const plain = [decipher.update(data.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()];
    return PayloadMessage.decode(Buffer.concat(plain));
  } catch (error) {
    throw new ValueError('an encrypted payload was changed', error);
  }
}

function textOf({ metadata }: Payload, name: string): string | null {
  const value = metadata?.[name];
  return value === undefined || value === null ? null : Buffer.from(value).toString();
}

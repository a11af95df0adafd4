/** What comes from the command line, checked before anything is sent. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { WorkflowSubject } from '../../electron/contract/workflows.ts';
import { OperationError } from './problems.ts';

/** Of workflows that are about one thing: the rest of the id is its UUID, which catches most of what is mistyped. */
const SUBJECTS = {
  session: true,
  scan: true,
  calibration: true,
  acceptance: true,
} as const satisfies Readonly<Record<WorkflowSubject, true>>;

const REASON_CHARACTERS = 500;

/** @throws OperationError ID_INVALID */
export function workflowIdFrom(text: string | undefined): string {
  const id = text ?? '';
  const [, subject, rest] = /^([a-z]+)-(.+)$/.exec(id) ?? [];
  const isWhole = /^[A-Za-z0-9][\w.:+-]{0,199}$/.test(id);
  const isSubject = subject !== undefined && Object.hasOwn(SUBJECTS, subject);
  if (!isWhole || (isSubject && !z.uuid().safeParse(rest).success)) throw new OperationError('ID_INVALID');
  return id;
}

/** It stays in the history for as long as that is kept. @throws OperationError REASON_MISSING */
export function reasonOf(text: string | undefined): string {
  const reason = (text ?? '').trim();
  if (reason === '' || reason.length > REASON_CHARACTERS) throw new OperationError('REASON_MISSING');
  return reason;
}

/** @param text JSON, `@FILE`, or `-` for standard input. @throws OperationError ARGUMENT_INVALID that quotes nothing of it */
export function jsonOf(text: string | undefined): unknown {
  if (text === undefined) throw new OperationError('ARGUMENT_INVALID', '--input is missing');
  let json: string;
  try {
    if (text === '-') json = readFileSync(process.stdin.fd, 'utf8');
    else json = text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text;
  } catch (error) {
    throw new OperationError('ARGUMENT_INVALID', '--input: the file is not there', error);
  }
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new OperationError('ARGUMENT_INVALID', '--input is no JSON', error);
  }
}

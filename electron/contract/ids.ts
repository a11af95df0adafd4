/** Identifiers. All are UUIDs and say nothing about a person. */
import { v4, v5 } from 'uuid';
import { z } from 'zod';

export const uuidSchema = z.uuid();

/** Name space of ids that must come out alike on every station (RFC 9562, version 5). */
const VANTAGE_NAMESPACE = '5d0b1c1e-6f0e-5c57-9d8c-5f2f7f3b8a10';

export function newId(): string {
  return v4();
}

/** Two stations that check the same appointment in while offline make the same session. */
export function sessionIdOf(appointmentId: string): string {
  return v5(`session:${appointmentId}`, VANTAGE_NAMESPACE);
}

/** The same try of the same step of the same session is the same capture, whoever asks again. `attempt` counts from 1. */
export function captureIdOf(sessionId: string, stepId: string, attempt: number): string {
  return v5(`capture:${sessionId}:${stepId}:${attempt}`, VANTAGE_NAMESPACE);
}

/** Ids of things that exist once per subject (a report's version, a finding of a capture, an intent). */
export function derivedId(...parts: readonly (string | number)[]): string {
  return v5(parts.join(':'), VANTAGE_NAMESPACE);
}

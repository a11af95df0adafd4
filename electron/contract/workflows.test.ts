import { describe, expect, it } from 'vitest';
import { newId } from './ids.ts';
import { reviewMessageSchema, sessionInputSchema, workflowIdOf, workstationQueueOf } from './workflows.ts';

describe('names of workflows and queues', () => {
  it('are made of opaque ids only', () => {
    const id = newId();
    expect(workflowIdOf('session', id)).toBe(`session-${id}`);
    expect(workstationQueueOf(id)).toBe(`workstation-${id}`);
    expect(() => workflowIdOf('session', 'HR-03980')).toThrow('UUID');
    expect(() => workstationQueueOf('Main Street')).toThrow('UUID');
  });
});

describe('the messages', () => {
  it('of a review name the report by its content and who decided', () => {
    const message = {
      decision: 'approved',
      reportSha256: 'a'.repeat(64),
      reviewerId: newId(),
      role: 'clinician',
      at: '2026-11-21T10:00:00.000Z',
      reason: null,
    };
    expect(reviewMessageSchema.parse(message)).toEqual({ ...message, notes: null });
    expect(reviewMessageSchema.safeParse({ ...message, reportSha256: 'report-1' }).success).toBe(false);
    expect(reviewMessageSchema.safeParse({ ...message, reviewerId: 'Dr Clara' }).success).toBe(false);
  });

  it('of a start carry ids, a version and an instant', () => {
    const input = {
      sessionId: newId(),
      userId: newId(),
      tenantId: newId(),
      locationId: newId(),
      buildId: '0.1.0',
      startedAt: '2026-11-21T10:00:00.000Z',
    };
    expect(sessionInputSchema.parse(input)).toEqual(input);
    expect(sessionInputSchema.safeParse({ ...input, buildId: 'of Amara Exampleton' }).success).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import type { ReviewMessage } from '../../../electron/contract/workflows.ts';
import { ReviewGate } from './gate.ts';

const [FIRST, SECOND] = ['a'.repeat(64), 'b'.repeat(64)];

function review(
  reportSha256: string,
  reviewerId = 'clara',
  decision: ReviewMessage['decision'] = 'approved',
): ReviewMessage {
  const at = '2026-11-21T10:00:00.000Z';
  return { decision, reportSha256, reviewerId, role: 'clinician', at, reason: null, notes: null };
}

describe('the review gate', () => {
  it('decides at once about the report that is open, and says the same to whoever asks again', () => {
    const gate = new ReviewGate();
    gate.open(FIRST);
    expect([gate.receive(review(FIRST)), gate.receive(review(FIRST))]).toEqual([
      { outcome: 'accepted' },
      { outcome: 'accepted' },
    ]);
    expect(gate.receive(review(FIRST, 'otto', 'sent-back'))).toEqual({ outcome: 'refused', reason: 'ALREADY_DECIDED' });
    expect(gate.decision).toMatchObject({ reviewerId: 'clara' });
  });

  it('holds what comes before it knows the report; the first about it decides, the others are refused with a reason', () => {
    const gate = new ReviewGate();
    for (const message of [review(SECOND), review(FIRST), review(FIRST), review(FIRST, 'otto', 'sent-back')]) {
      expect(gate.receive(message)).toEqual({ outcome: 'held' });
    }
    expect(gate.held).toBe(4);
    gate.open(FIRST);
    expect(gate.decision).toMatchObject({ reviewerId: 'clara', reportSha256: FIRST });
    expect(gate.takeRefused().map(({ message, reason }) => [message.reviewerId, reason])).toEqual([
      ['clara', 'REPORT_CHANGED'],
      ['otto', 'ALREADY_DECIDED'],
    ]);
    expect(gate.takeRefused()).toEqual([]);
    expect(gate.held).toBe(0);
  });

  it('knows in the next round what was decided about the last report', () => {
    const gate = new ReviewGate();
    gate.open(FIRST);
    gate.receive(review(FIRST, 'clara', 'sent-back'));
    gate.shut();
    expect(gate.receive(review(FIRST, 'otto'))).toEqual({ outcome: 'refused', reason: 'ALREADY_DECIDED' });
    expect(gate.receive(review(SECOND, 'otto'))).toEqual({ outcome: 'held' });
    gate.open(SECOND);
    expect(gate.decision).toMatchObject({ reviewerId: 'otto', reportSha256: SECOND });
  });

  it('once closed takes nothing, and refuses what it held', () => {
    const gate = new ReviewGate();
    gate.receive(review(FIRST));
    gate.close();
    expect(gate.takeRefused()).toMatchObject([{ reason: 'TOO_LATE' }]);
    expect(gate.receive(review(FIRST))).toEqual({ outcome: 'refused', reason: 'TOO_LATE' });
    expect(gate.decision).toBeNull();
  });
});

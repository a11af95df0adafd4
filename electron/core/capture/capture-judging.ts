/** A picture that is on the disk gets its verdict: judged once, stored with its thumbnail, overlay and findings in one transaction. */
import type { Capture, Step } from '../../contract/index.ts';
import { derivedId, VantageError } from '../../contract/index.ts';
import type { InferenceApi } from '../../../native/inference/inference-api.ts';
import type { Log } from '../clinic-api.ts';
import { codeOf } from '../problems.ts';
import type { Store } from '../store/index.ts';
import type { PreparedBlob, Vault } from '../vault/index.ts';
import { protocolOf, stepOf } from '../visits/steps.ts';
import type { CaptureActivity } from './capture-activity.ts';

/** How often judging is tried again when the checking process went away meanwhile. */
const JUDGE_ATTEMPTS = 4;

export interface CaptureJudgingOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly inference: InferenceApi;
  readonly activity: CaptureActivity;
  /** Of the camera as it is set up now, in degrees. */
  readonly fieldAngleOf: (deviceId: string) => number | null;
  readonly now: () => Date;
  readonly log: Log;
}

export class CaptureJudging {
  readonly #options: CaptureJudgingOptions;

  constructor(options: CaptureJudgingOptions) {
    this.#options = options;
  }

  /** @throws what judging ends with: IMAGE_DAMAGED, ANALYSIS_RESTARTED after several tries, ... */
  async judge(capture: Capture, signal: AbortSignal): Promise<void> {
    const { store, vault, inference, activity } = this.#options;
    if (capture.blobId === null || capture.sha256 === null) throw new VantageError('INTERNAL', 'no bytes to judge');
    const session = await store.get('sessions', capture.sessionId);
    if (session === null) throw new VantageError('NOT_FOUND');
    const step = stepOf(protocolOf(session.protocolId), capture.stepId);
    if (step.type !== 'picture') throw new VantageError('INTERNAL', 'not a picture step');
    activity.judging(capture.id, true);
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await this.#judgeOnce(capture, step, vault, inference, signal);
          return;
        } catch (error) {
          if (codeOf(error) !== 'ANALYSIS_RESTARTED' || attempt === JUDGE_ATTEMPTS || signal.aborted) throw error;
          this.#options.log.warn(
            { captureId: capture.id, attempt },
            'judging again: the inference process was restarted',
          );
        }
      }
    } finally {
      activity.judging(capture.id, false);
    }
  }

  async #judgeOnce(
    capture: Capture,
    step: Extract<Step, { type: 'picture' }>,
    vault: Vault,
    inference: InferenceApi,
    signal: AbortSignal,
  ): Promise<void> {
    // A camera that was set up only after the picture was taken: it can still be checked.
    const fieldAngleDegrees = capture.fieldAngleDegrees ?? this.#options.fieldAngleOf(capture.deviceId);
    const thumbnail = await vault.grantWrite({ subject: capture.id });
    const overlay = await vault.grantWrite({ subject: capture.id });
    let prepared: {
      thumbnail: PreparedBlob;
      overlay: PreparedBlob | null;
      judgement: NonNullable<Capture['judgement']>;
    };
    try {
      const judgement = await inference.judge(
        {
          request: {
            subject: capture.settings.subject,
            mediaType: capture.mediaType ?? 'image/jpeg',
            sha256: capture.sha256 ?? '',
            fieldAngleDegrees,
            gates: step.gates,
            findings: step.findings,
          },
          image: vault.grantRead(capture.blobId ?? ''),
          thumbnail: thumbnail.grant,
          overlay: overlay.grant,
        },
        { signal },
      );
      if (judgement.sha256 !== capture.sha256) throw new VantageError('INTERNAL', 'judgement of another picture');
      prepared = {
        judgement,
        thumbnail: await vault.prepareCommit(thumbnail.pendingId, judgement.thumbnail),
        overlay: judgement.overlay === null ? null : await vault.prepareCommit(overlay.pendingId, judgement.overlay),
      };
    } catch (error) {
      await vault.abandon(thumbnail.pendingId);
      await vault.abandon(overlay.pendingId);
      throw error;
    }
    if (prepared.overlay === null) await vault.abandon(overlay.pendingId);
    await this.#keepJudgement({ ...capture, fieldAngleDegrees }, prepared);
  }

  async #keepJudgement(
    capture: Capture,
    prepared: { thumbnail: PreparedBlob; overlay: PreparedBlob | null; judgement: NonNullable<Capture['judgement']> },
  ): Promise<void> {
    const { store, vault } = this.#options;
    const { judgement } = prepared;
    await store.transaction((tx) => {
      const thumbnailBlobId = vault.insertRow(prepared.thumbnail).blobId;
      const overlayBlobId = prepared.overlay === null ? null : vault.insertRow(prepared.overlay).blobId;
      tx.update('captures', capture.id, (current) => ({
        ...current,
        state: 'judged' as const,
        problem: null,
        fieldAngleDegrees: capture.fieldAngleDegrees,
        judgement,
        judgedAt: this.#options.now().toISOString(),
        thumbnailBlobId,
        overlayBlobId,
      }));
      for (const finding of judgement.findings) {
        tx.put('findings', {
          id: derivedId('finding', capture.id, finding.kind),
          tenantId: capture.tenantId,
          locationId: capture.locationId,
          authorId: capture.authorId,
          sessionId: capture.sessionId,
          patientId: capture.patientId,
          captureId: capture.id,
          kind: finding.kind,
          eye: capture.settings.subject === 'retina-left' ? 'left' : 'right',
          values: finding.values,
          overlayBlobId,
          provenance: finding.provenance,
          inputSha256: judgement.sha256,
          calibrationId: capture.calibrationId,
        });
      }
      tx.audit({
        at: this.#options.now().toISOString(),
        actorId: capture.authorId,
        role: 'station',
        action: 'capture.judged',
        subjectKind: 'capture',
        subjectId: capture.id,
        detail: { passed: judgement.passed },
      });
    });
  }
}

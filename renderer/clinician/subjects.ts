/** What a visit's pictures show, as the reviewer goes through them. Pure. */
import type { CaptureView, ReviewView, StepView, VisitView } from '../../electron/contract/views.ts';

export type Subject = 'right' | 'left' | 'body';

/** The subjects that the visit's protocol has, eyes first. */
export function subjectsOf(visit: VisitView): readonly Subject[] {
  const has = (prefix: string): boolean => visit.protocol.steps.some((step) => step.id.startsWith(prefix));
  return [
    ...(has('retina-right') ? (['right'] as const) : []),
    ...(has('retina-left') ? (['left'] as const) : []),
    ...(has('body-') ? (['body'] as const) : []),
  ];
}

/** The steps of a subject: one for an eye, up to four for the body. */
export function stepsOf(visit: VisitView, subject: Subject): readonly StepView[] {
  const prefix = subject === 'body' ? 'body-' : `retina-${subject}`;
  return visit.steps.filter((step) => step.stepId.startsWith(prefix));
}

/** The try that counts, or null: skipped, or never taken. */
export function countedOf(step: StepView): CaptureView | null {
  return step.tries.find((each) => each.captureId === step.captureId) ?? null;
}

export interface EyeFinding {
  readonly today: ReviewView['findings'][number] | null;
  /** Of the earlier visit, whether or not it can be compared. */
  readonly earlier: ReviewView['findings'][number] | null;
  readonly comparable: boolean;
}

export function findingOf(view: ReviewView, eye: 'right' | 'left'): EyeFinding {
  return {
    today: view.findings.find((finding) => finding.eye === eye) ?? null,
    earlier: view.earlier?.findings.find((finding) => finding.eye === eye) ?? null,
    comparable: view.earlier !== null && view.earlier.notComparable === null,
  };
}

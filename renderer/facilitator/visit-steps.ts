/** The steps of a visit as the rail shows them: those of one group as one station with parts. Pure. */
import type { Step } from '../../electron/contract/protocols.ts';
import type { StepView, VisitView } from '../../electron/contract/views.ts';

export interface VisitStep {
  readonly step: Step;
  readonly view: StepView;
}

/** One entry of the rail. */
export interface Station {
  readonly id: string;
  /** English, to be translated. */
  readonly title: string;
  readonly parts: readonly VisitStep[];
  readonly mark: StepView['mark'];
}

const UNSEEN: Omit<StepView, 'stepId'> = {
  mark: 'todo',
  quantity: null,
  tries: [],
  captureId: null,
  attemptsLeft: 0,
  skippedReason: null,
  deviceId: null,
  undoable: false,
};

/** Whether the step is a picture of an eye, taken in a dark room. */
export function isEyeStep(step: Step): boolean {
  return step.type === 'picture' && step.deviceKind === 'fundus-camera';
}

/** Every step of the protocol with its view, in the protocol's order. */
export function stepsOf(visit: VisitView): readonly VisitStep[] {
  const views = new Map(visit.steps.map((view) => [view.stepId, view]));
  return visit.protocol.steps.map((step) => ({ step, view: views.get(step.id) ?? { stepId: step.id, ...UNSEEN } }));
}

export function stationsOf(visit: VisitView): readonly Station[] {
  const stations: Station[] = [];
  for (const each of stepsOf(visit)) {
    const group = each.step.group;
    const last = stations.at(-1);
    if (group !== null && last !== undefined && last.id === group.id) {
      stations[stations.length - 1] = withPart(last, each);
    } else {
      stations.push({
        id: group?.id ?? each.step.id,
        title: group?.title ?? each.step.title,
        parts: [each],
        mark: each.view.mark,
      });
    }
  }
  return stations;
}

function withPart(station: Station, part: VisitStep): Station {
  const parts = [...station.parts, part];
  return { ...station, parts, mark: markOf(parts.map((each) => each.view.mark)) };
}

/** Of several parts: care before now, now before to do; done only when all are. */
export function markOf(marks: readonly StepView['mark'][]): StepView['mark'] {
  if (marks.includes('care')) return 'care';
  if (marks.includes('now')) return 'now';
  if (marks.every((mark) => mark === 'skipped')) return 'skipped';
  if (marks.every((mark) => mark === 'done' || mark === 'skipped')) return 'done';
  return 'todo';
}

/** The step after the given one that is still open, or null. */
export function openAfter(visit: VisitView, stepId: string): VisitStep | null {
  const steps = stepsOf(visit);
  const at = steps.findIndex((each) => each.step.id === stepId);
  const open = (each: VisitStep): boolean => each.view.mark !== 'done' && each.view.mark !== 'skipped';
  return steps.slice(at + 1).find(open) ?? steps.find((each) => open(each) && each.step.id !== stepId) ?? null;
}

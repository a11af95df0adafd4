/** What follows from a session and its captures. It is the contract's: station and cloud say the same of a visit. */
export {
  EMPTY_STEP,
  ageOn,
  attemptsLeft,
  currentStepOf,
  dayOf,
  isFailedTry,
  isUnderWay,
  markOf,
  protocolOf,
  recordOf,
  stepOf,
} from '../../contract/steps.ts';

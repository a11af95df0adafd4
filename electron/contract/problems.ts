/**
 * Everything that can go wrong in front of a person: a stable code, what happened, what is safe, what to do, and one action.
 * English is the source text; the renderer translates by code. Nothing here ever carries patient data.
 */
import { z } from 'zod';

interface ProblemText {
  /** Plain, past tense. */
  readonly happened: string;
  /** Exactly what is not lost. */
  readonly safe: string;
  /** What to do now. */
  readonly todo: string;
  /** The one button. */
  readonly action: string;
  /** inline = a gate failed; pane = a device is gone, the rest goes on; screen = work must stop. */
  readonly level: 'inline' | 'pane' | 'screen';
}

const problem = (
  level: ProblemText['level'],
  happened: string,
  safe: string,
  todo: string,
  action: string,
): ProblemText => ({ level, happened, safe, todo, action });

export const PROBLEMS = {
  // devices
  DEVICE_ABSENT: problem(
    'pane',
    'The device is not connected.',
    'Everything taken so far is on this disk.',
    'Check its cable and that it is switched on; the visit can go on with another step.',
    'Try again',
  ),
  DEVICE_BUSY: problem(
    'inline',
    'The device is busy with something else.',
    'Nothing was started twice.',
    'Wait until it is ready.',
    'Try again',
  ),
  DEVICE_LOST: problem(
    'pane',
    'The device went away while it was working.',
    'Everything taken before is on this disk. Nothing half-done was kept.',
    'Check its cable; it comes back by itself.',
    'Try again',
  ),
  DEVICE_SILENT: problem(
    'pane',
    'The device did not answer in time.',
    'Everything taken so far is on this disk.',
    'Check that it is awake; it is asked again by itself.',
    'Try again',
  ),
  DEVICE_GARBLED: problem(
    'pane',
    'The device sent something that could not be understood.',
    'What it sent was kept for the technician; nothing was stored in the visit.',
    'Try once more; if it happens again, set the device aside.',
    'Try again',
  ),
  DEVICE_QUARANTINED: problem(
    'pane',
    'The device stopped several times and was set aside.',
    'Everything taken so far is on this disk.',
    'Ask a technician to look at it; go on with another step.',
    'Use it again',
  ),
  DEVICE_WRONG: problem(
    'pane',
    'Another device answered than the one expected.',
    'Nothing was taken with it.',
    'Ask a technician to check which device is connected.',
    'Try again',
  ),
  DEVICE_UNSUPPORTED: problem(
    'pane',
    'This station does not know how to speak to the device as it is set up.',
    'Nothing was changed.',
    'Ask a technician to check the device’s model and address.',
    'Try again',
  ),
  DEVICE_REFUSED: problem(
    'inline',
    'The device refused.',
    'Nothing was changed.',
    'Look at the device’s own display, then try again.',
    'Try again',
  ),
  DEVICES_RESTARTED: problem(
    'pane',
    'The devices’ part of the program stopped and was started again.',
    'Everything that was stored is on this disk.',
    'Go on; a picture that was under way is looked for on the camera first.',
    'Go on',
  ),
  SCALE_OVERLOAD: problem(
    'inline',
    'There is more weight on the scale than it can measure.',
    'Nothing was saved.',
    'Step off, check what stands on the plate, weigh again.',
    'Weigh again',
  ),
  SCALE_UNDERLOAD: problem(
    'inline',
    'The scale reads below zero.',
    'Nothing was saved.',
    'Empty the plate, set zero, weigh again.',
    'Set zero',
  ),
  SCALE_NOT_STABLE: problem(
    'inline',
    'The scale did not come to rest.',
    'Nothing was saved.',
    'Stand still with both feet on the plate and weigh again.',
    'Weigh again',
  ),
  SCALE_EMPTY: problem(
    'inline',
    'Nobody was on the scale.',
    'Nothing was saved.',
    'Step onto the plate with both feet and stand still.',
    'Weigh again',
  ),
  SCALE_NOT_EMPTY: problem(
    'inline',
    'There is something on the scale, so zero was not set.',
    'Zero is as it was before.',
    'Empty the plate, then set zero.',
    'Set zero',
  ),
  CAMERA_NO_PICTURE: problem(
    'inline',
    'The camera did not take a picture.',
    'Nothing was lost.',
    'Check focus and that the lens is open, then take it again.',
    'Take it again',
  ),
  CAMERA_REPLY_LOST: problem(
    'inline',
    'The line to the camera broke after the shutter was released.',
    'The picture is looked for on the camera; it is not taken twice.',
    'Wait until it has been fetched.',
    'Look again',
  ),
  CAMERA_CARD_FULL: problem(
    'pane',
    'The camera’s card is full.',
    'Pictures taken before are on this disk.',
    'Put an empty card into the camera.',
    'Try again',
  ),
  CAMERA_CARD_UNUSABLE: problem(
    'pane',
    'The camera cannot use its card.',
    'Pictures taken before are on this disk.',
    'Check that a card is in the camera and not locked.',
    'Try again',
  ),
  // images and inference
  IMAGE_DAMAGED: problem(
    'inline',
    'The picture arrived damaged and cannot be opened.',
    'It is kept as it came; earlier pictures are on this disk.',
    'Take it again.',
    'Take it again',
  ),
  IMAGE_UNSUPPORTED: problem(
    'inline',
    'The camera sent a kind of picture that cannot be judged here.',
    'The file is kept as it came.',
    'Set the camera to JPEG and take it again.',
    'Take it again',
  ),
  ANALYSIS_UNAVAILABLE: problem(
    'pane',
    'No check is possible now.',
    'The picture is on this disk and will be checked later.',
    'Look at the picture yourself; it is checked again by itself.',
    'Check again',
  ),
  ANALYSIS_RESTARTED: problem(
    'inline',
    'The checking part of the program stopped and was started again.',
    'The picture is on this disk.',
    'It is being checked again.',
    'Check again',
  ),
  MODEL_REFUSED: problem(
    'pane',
    'A model’s file is not the one that was released, so it was not loaded.',
    'Pictures and other checks are not touched.',
    'Tell the technician; this finding is left out until it is repaired.',
    'Check again',
  ),
  // store, vault, disk
  DISK_FULL: problem(
    'screen',
    'This disk is full, so nothing new can be stored.',
    'Every picture and measurement taken so far is on this disk.',
    'Free some space; the visit then goes on where it stands.',
    'Check the space again',
  ),
  DISK_FAILED: problem(
    'screen',
    'This disk refused to store something.',
    'Nothing was reported as stored that is not.',
    'Tell the operator; the disk may be failing.',
    'Try again',
  ),
  BLOB_DAMAGED: problem(
    'inline',
    'A stored picture is not what was written.',
    'All other pictures were not touched.',
    'Tell the operator; the cloud’s copy can bring it back.',
    'Check again',
  ),
  KEY_WRONG: problem(
    'screen',
    'The key of this station is not the one this disk was locked with.',
    'Nothing was changed or overwritten.',
    'Enter the key or passphrase that this disk was locked with.',
    'Enter the key',
  ),
  KEY_MISSING: problem(
    'screen',
    'The key of this station was not found.',
    'Nothing was changed or overwritten.',
    'Unlock the key ring and try again, or enter the recovery passphrase.',
    'Enter the key',
  ),
  KEY_FILE_MISSING: problem(
    'screen',
    'The clinic’s key file, station.key, is not in its folder.',
    'Nothing was changed or overwritten.',
    'Put station.key back (backups have a copy of it), or enter the recovery passphrase.',
    'Enter the key',
  ),
  KEY_CHANGED_ELSEWHERE: problem(
    'screen',
    'What opened here is an earlier key of this clinic: its key was changed since, and is kept in another way.',
    'Nothing was changed or overwritten.',
    'Start the station in the way in which its key was changed, or enter the recovery passphrase.',
    'Enter the key',
  ),
  KEY_FILE_OTHER: problem(
    'inline',
    'The station’s key file is not the one that holds this clinic’s key.',
    'That file, the key of now and all data are as they were.',
    'Tell the operator: put that file away safely, then change the key again.',
    'Try again',
  ),
  PASSPHRASE_WRONG: problem(
    'inline',
    'That passphrase does not open this station’s key.',
    'Nothing was changed.',
    'Enter it again. Capital letters and spaces count.',
    'Try again',
  ),
  PASSPHRASE_SHORT: problem(
    'inline',
    'A passphrase that is chosen needs at least 12 characters.',
    'Nothing was changed.',
    'Choose a longer one: several words are easy to remember.',
    'Choose another',
  ),
  PASSPHRASES_DIFFER: problem(
    'inline',
    'The two passphrases that were typed are not the same.',
    'Nothing was made or changed.',
    'Type the same one twice.',
    'Try again',
  ),
  PASSPHRASE_UNREADABLE: problem(
    'inline',
    'The passphrase could not be read.',
    'Nothing was changed.',
    'Type it at a terminal, or let it come in through standard input: --passphrase-fd 0.',
    'Try again',
  ),
  STATION_BUSY: problem(
    'inline',
    'Pictures or other long work are under way on this station.',
    'Nothing was changed.',
    'Wait until they are done, then begin again.',
    'Try again',
  ),
  KEY_NOT_KEPT: problem(
    'inline',
    'This computer has no safe place for a new key.',
    'The key of now and all data are as they were.',
    'Set up the computer’s key ring, start the station again, then change the key.',
    'Go back',
  ),
  KEY_CHANGE_UNDONE: problem(
    'inline',
    'The station was stopped in the middle of a change of its key: the old key stands.',
    'All records and pictures are as they were, under the old key.',
    'Change the key again when nobody is being examined.',
    'Change the key',
  ),
  KEY_CHANGE_FINISHED_LATE: problem(
    'inline',
    'The station was stopped in the middle of a change of its key: the new key stands.',
    'All records and pictures are here, under the new key; this start finished the change.',
    'Choose the recovery passphrase again if there was one, and make a new backup.',
    'Back up now',
  ),
  DEMONSTRATION_KEY: problem(
    'screen',
    'The demonstration’s key file, demonstration.key, is not the one that its data was locked with.',
    'Nothing was changed or overwritten. No real clinic is kept here.',
    'Put the right demonstration.key back, or move the demonstration’s folder away to begin a new one.',
    'Try again',
  ),
  DEMONSTRATION_KEY_MISSING: problem(
    'screen',
    'The demonstration’s key file, demonstration.key, is gone.',
    'Nothing was changed or overwritten. No real clinic is kept here.',
    'Put its file demonstration.key back, or move the demonstration’s folder away to begin a new one.',
    'Try again',
  ),
  KEY_STORE_INSECURE: problem(
    'screen',
    'This computer has no safe place for the key.',
    'Nothing was stored unprotected.',
    'Set up a key ring or start with a passphrase.',
    'Use a passphrase',
  ),
  STORE_DAMAGED: problem(
    'screen',
    'The clinic’s data on this disk is damaged.',
    'Nothing was overwritten.',
    'Tell the operator; the last good copy of the data folder can be put back. Then try again.',
    'Try again',
  ),
  NOT_SALVAGEABLE: problem(
    'screen',
    'Too much of the clinic’s file is gone or damaged: salvaging can not make a whole one of it.',
    'The file is as it was, and so are the backups.',
    'Restore the newest backup.',
    'Restore a backup',
  ),
  STORE_OBSTRUCTED: problem(
    'screen',
    'Something lies in this clinic’s data folder where one of its own files belongs.',
    'Nothing was changed or overwritten.',
    'Tell the operator: move away what the detail names, or put the file itself back. Then try again.',
    'Try again',
  ),
  STORE_PAGES_DAMAGED: problem(
    'pane',
    'A part of the clinic’s data on this disk is not what was written.',
    'Nothing damaged is shown as if it were right. Backups are another file.',
    'Tell the operator: check the newest backup, then stop the station and look at its data.',
    'Check a backup',
  ),
  STORE_NEWER: problem(
    'screen',
    'This data was written by a newer version.',
    'Nothing was changed.',
    'Update this station, then try again.',
    'Try again',
  ),
  STORE_SWAPPED: problem(
    'screen',
    'The data on this disk is not what this clinic left here.',
    'Nothing was opened or changed.',
    'Tell the operator: the right data folder must be put back, or the backup restored. Then try again.',
    'Try again',
  ),
  STORE_ROLLED_BACK: problem(
    'pane',
    'The last changes are missing from this disk: an older copy of the data lies here, or its end was lost.',
    'Everything that is here can be used; nothing was overwritten.',
    'Tell the operator; check the last visits, then confirm that you go on without what is missing.',
    'Go on without it',
  ),
  STORE_UNANCHORED: problem(
    'pane',
    'The note of how far this clinic’s data had come is missing or damaged.',
    'The data opened and reads well.',
    'Check that the last visits are there, then confirm it.',
    'Confirm',
  ),
  BACKUP_DAMAGED: problem(
    'pane',
    'This backup is not as it was made.',
    'The clinic’s data and the other backups were not touched.',
    'Choose another backup.',
    'Choose another',
  ),
  BACKUP_FOLDER_TAKEN: problem(
    'inline',
    'The folder for backups holds those of another clinic.',
    'Nothing was written there, and none of its backups was removed.',
    'Choose another folder, or move the other clinic’s backups away.',
    'Back up now',
  ),
  BACKUP_LATE: problem(
    'pane',
    'The daily backup was not made.',
    'Everything is on this disk; visits go on as before.',
    'See under storage why, and make one; best on another disk.',
    'Back up now',
  ),
  SECOND_INSTANCE: problem(
    'screen',
    'This clinic is already open on this computer.',
    'Nothing was changed.',
    'Use the window that is open.',
    'Show it',
  ),
  // processes and connection
  CORE_RESTARTED: problem(
    'pane',
    'A part of the program stopped and was started again.',
    'Everything acknowledged is on this disk.',
    'Go on where you were.',
    'Go on',
  ),
  CONNECTION_LOST: problem(
    'pane',
    'This screen has lost the clinic’s station.',
    'What was saved before is on the station’s disk.',
    'It connects again by itself.',
    'Try again',
  ),
  PROCESS_STOPPED: problem(
    'screen',
    'A part of the program keeps stopping.',
    'Everything acknowledged is on this disk.',
    'Start the station again; tell the operator if it goes on.',
    'Start again',
  ),
  BUILD_MISMATCH: problem(
    'screen',
    'Parts of two versions met.',
    'Nothing was changed.',
    'Start the station again.',
    'Start again',
  ),
  // access
  TOKEN_MISSING: problem(
    'screen',
    'This page was opened without its key.',
    'Nothing was shown.',
    'Open the address that the station printed when it started.',
    'Show how',
  ),
  NOT_SIGNED_IN: problem(
    'screen',
    'This screen is locked.',
    'Everything is on this disk.',
    'Choose your name and enter your PIN.',
    'Unlock',
  ),
  NOT_ALLOWED: problem(
    'inline',
    'Your role may not do this.',
    'Nothing was changed.',
    'Ask somebody who may.',
    'Go back',
  ),
  PIN_WRONG: problem('inline', 'That was not the PIN.', 'Nothing was changed.', 'Enter it again.', 'Try again'),
  PIN_WAIT: problem(
    'inline',
    'The PIN was wrong several times.',
    'Nothing was changed.',
    'Wait until the time is over, then enter it again.',
    'Try again',
  ),
  FOLDER_NOT_CLINIC: problem(
    'screen',
    'The folder that was named holds other files, and no clinic.',
    'Nothing was written there.',
    'Name the folder of a clinic, or an empty one for a new clinic.',
    'Choose another folder',
  ),
  // visits
  INPUT_INVALID: problem(
    'inline',
    'Something in what was entered cannot be right.',
    'Nothing was changed.',
    'Correct the marked field.',
    'Correct it',
  ),
  NOT_FOUND: problem('inline', 'It is not here any more.', 'Nothing was changed.', 'Go back to the list.', 'Go back'),
  STEP_NOT_NOW: problem(
    'inline',
    'This step is not next.',
    'Nothing was changed.',
    'Do the open step first, or skip it with a reason.',
    'Go to the open step',
  ),
  STEP_NOT_SKIPPABLE: problem(
    'inline',
    'Your role may not skip this step.',
    'Nothing was changed.',
    'Ask somebody who may.',
    'Go back',
  ),
  RETAKES_USED_UP: problem(
    'inline',
    'This picture was tried as often as the protocol allows.',
    'All tries are on this disk.',
    'Keep one with a reason, or ask a senior.',
    'Ask a senior',
  ),
  CONSENT_MISSING: problem(
    'inline',
    'The needed agreement has not been given.',
    'Nothing was taken.',
    'Ask for it at check-in first.',
    'Go to check-in',
  ),
  STATUS_CONFLICT: problem(
    'inline',
    'The visit has gone on since this screen was drawn.',
    'Nothing was changed.',
    'Look at the visit as it is now.',
    'Show it',
  ),
  LED_ELSEWHERE: problem(
    'inline',
    'Another station leads this visit.',
    'Nothing was changed.',
    'Go on at that station, or take the visit over here; also when that station is switched off.',
    'Take the visit over',
  ),
  READING_STALE: problem(
    'inline',
    'The reading is not the one that was shown.',
    'Nothing was saved.',
    'Weigh again.',
    'Weigh again',
  ),
  REPORT_CHANGED: problem(
    'inline',
    'The report is no longer the one that you read.',
    'Your decision was not recorded.',
    'Read the new report, then decide.',
    'Show the new report',
  ),
  ALREADY_DECIDED: problem(
    'inline',
    'Somebody has decided already.',
    'The first decision stands.',
    'Look at the decision.',
    'Show it',
  ),
  CODE_UNKNOWN: problem(
    'inline',
    'We could not find this code.',
    'Nothing was changed.',
    'Ask at the desk, they will find you.',
    'Ask for help',
  ),
  CANCELLED: problem(
    'inline',
    'It was stopped on request.',
    'Nothing half-done was kept.',
    'Start again when you are ready.',
    'Start again',
  ),
  STOPPED_LATE: problem(
    'inline',
    'It was stopped after the shutter may have been released.',
    'A picture that was taken is still on the camera; nothing is taken twice.',
    'Look for it on the camera.',
    'Look for it on the camera',
  ),
  // the cloud
  UPDATE_NEEDED: problem(
    'pane',
    'This program is too old for the cloud.',
    'Everything is on this disk; visits go on as before.',
    'Install the update; what waits is sent afterwards.',
    'Show the update',
  ),
  CLOUD_OLDER: problem(
    'pane',
    'The cloud is older than this program.',
    'Everything is on this disk; visits go on as before.',
    'Nothing here; what waits is sent when the cloud was updated. Tell the operator if it goes on.',
    'Try again',
  ),
  CLOUD_UNAVAILABLE: problem(
    'inline',
    'The cloud cannot answer now.',
    'Everything is on this disk.',
    'Nothing; it is tried again by itself.',
    'Try again',
  ),
  TOO_MANY_REQUESTS: problem(
    'inline',
    'The cloud was asked too often.',
    'Nothing was changed.',
    'Wait until the time is over.',
    'Try again',
  ),
  CLOUD_FULL: problem(
    'pane',
    'The cloud has no room for more pictures now.',
    'Everything is on this disk; visits go on as before.',
    'Tell the operator; sending goes on by itself when there is room again.',
    'Try again',
  ),
  FILE_TOO_LARGE: problem(
    'inline',
    'A file is larger than the cloud takes.',
    'It is on this disk.',
    'Tell the operator; everything else is sent.',
    'Try again',
  ),
  UPLOAD_DIFFERS: problem(
    'inline',
    'The cloud’s copy of a file is not the same.',
    'Ours is kept, and was not touched.',
    'Nothing; it is being sent again. Tell the operator if it goes on.',
    'Send it again',
  ),
  ONLY_AT_STATION: problem(
    'pane',
    'This can only be done at a station.',
    'Nothing was changed.',
    'Do it at a station of the clinic.',
    'Go back',
  ),
  NOT_IN_CLOUD_YET: problem(
    'pane',
    'The cloud does not have all of this yet.',
    'It is on the disk of the station where it was taken.',
    'Wait until the station has sent it, or look at it there.',
    'Go back',
  ),
  SIGN_IN_AGAIN: problem(
    'inline',
    'A decision is signed by signing in, and you signed in a while ago.',
    'Nothing was changed.',
    'Sign in once more, then decide.',
    'Sign in again',
  ),
  CLOUD_UNREACHABLE: problem(
    'inline',
    'The cloud did not answer.',
    'Everything is on this disk; visits go on as before.',
    'Check this computer’s network. It is tried again by itself.',
    'Try the line now',
  ),
  CLOUD_CAPTIVE: problem(
    'pane',
    'Somebody else answered in place of the cloud: this network may ask for a sign-in first.',
    'Everything is on this disk; nothing was told to whoever answered.',
    'Sign in to the network in a browser on this computer, or use another network.',
    'Try the line now',
  ),
  CLOUD_ADDRESS_WRONG: problem(
    'inline',
    'This is not an address of the cloud. It begins with https://.',
    'Nothing was changed.',
    'Copy it from the letter or message that has the code.',
    'Correct it',
  ),
  CLOCK_OFF: problem(
    'pane',
    'The clock of this computer is off.',
    'Nothing was lost; everything keeps the order in which it was written.',
    'Set date and time in the settings of this computer, best by itself from the network.',
    'Set the clock',
  ),
  TRAIL_BROKEN: problem(
    'pane',
    'The audit trail here is not the one that the cloud has of this station.',
    'Both are kept as they are; nothing was overwritten.',
    'Tell the operator; verify the trail under storage and records.',
    'Verify the trail',
  ),
  TRAIL_BEHIND: problem(
    'pane',
    'The cloud has more of this station’s audit trail than is here: an older copy of the data was put back.',
    'The cloud keeps what it has; nothing was overwritten.',
    'Tell the operator; check the visits that were made after that copy.',
    'Verify the trail',
  ),
  ENROLMENT_REFUSED: problem(
    'inline',
    'The cloud did not accept this code. It may be mistyped, used already, or too old.',
    'Nothing was changed.',
    'Enter it again, or ask the administrator for a new one.',
    'Enter it again',
  ),
  STATION_REFUSED: problem(
    'pane',
    'The cloud does not accept this station any more.',
    'Everything is on this disk; visits go on as before.',
    'Ask the administrator for a new code for this station.',
    'Enter a code',
  ),
  ALREADY_ENROLLED: problem(
    'inline',
    'This station belongs to a clinic already.',
    'Nothing was changed.',
    'Go on with the clinic that it belongs to.',
    'Go back',
  ),
  WORKFLOWS_REFUSED: problem(
    'pane',
    'The cloud’s workflows do not accept this station.',
    'Every request to them is kept here in its order; visits go on as before.',
    'Have the certificate or key and the namespace of this station checked. It is tried again every few minutes.',
    'Try it now',
  ),
  WORKFLOWS_KEYS_MISSING: problem(
    'inline',
    'This station waits for its keys for the cloud’s workflows.',
    'Every request to them is kept here in its order, and nothing leaves unencrypted; visits go on as before.',
    'They come by themselves with the line to the cloud. If not, ask whoever runs the cloud whether its workflow keys are set.',
    'Try it now',
  ),
  WORKFLOWS_UNREACHABLE: problem(
    'inline',
    'The cloud’s workflows did not answer.',
    'Every request to them is kept here in its order; visits go on as before.',
    'Check this computer’s network. It is tried again by itself.',
    'Try it now',
  ),
  WORKFLOWS_UNATTENDED: problem(
    'inline',
    'The cloud took the request in, but nothing there works on it at the moment.',
    'The request is kept here until the cloud has answered it.',
    'Ask whoever runs the cloud whether its workers are running. It is sent again by itself.',
    'Try it now',
  ),
  REQUEST_FAILED: problem(
    'inline',
    'The cloud could not work on the request just now.',
    'The request is kept here until the cloud has answered it.',
    'Nothing to be done here. It is sent again by itself.',
    'Try it now',
  ),
  REQUEST_REFUSED: problem(
    'pane',
    'The workflow of a visit did nothing of a request from here.',
    'The request and everything of the visit are kept here; nothing was changed in the cloud.',
    'Look at the visit and its report, then decide whether to send it again or to give it up.',
    'Decide',
  ),
  REQUEST_OLD: problem(
    'pane',
    'A request is from before the data were put back, and may have reached the cloud already.',
    'It is kept here and not sent by itself; those of the same visit that come after it wait as well.',
    'Look whether the cloud knows the visit: give the request up if so; send it again if not.',
    'Decide',
  ),
  REQUEST_INVALID: problem(
    'pane',
    'A request to the cloud’s workflows can not be sent as it is.',
    'It is kept here, and so are those of the same visit that come after it.',
    'Tell the operator; then send it again, or give it up so that the others go on.',
    'Decide',
  ),
  INTERNAL: problem(
    'pane',
    'Something went wrong inside the program.',
    'Everything acknowledged is on this disk.',
    'Try again; tell the operator if it goes on.',
    'Try again',
  ),
} as const satisfies Record<string, ProblemText>;

export type ProblemCode = keyof typeof PROBLEMS;
export const problemCodeSchema = z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]);

/** A problem as it travels to a screen. `detail` is for support: technical, without patient data. */
export const problemSchema = z.object({
  code: problemCodeSchema,
  detail: z.string().max(500).default(''),
  at: z.iso.datetime(),
  /** The field that is wrong, for INPUT_INVALID. */
  field: z.string().optional(),
  /** Seconds to wait, for PIN_WAIT. */
  waitSeconds: z.number().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** Thrown inside core and native; the API turns it into a typed error with the same code. */
export class VantageError extends Error {
  override readonly name = 'VantageError';
  readonly code: ProblemCode;
  readonly detail: string;
  readonly extra: { readonly field?: string; readonly waitSeconds?: number };
  constructor(
    code: ProblemCode,
    detail = '',
    extra: { readonly field?: string; readonly waitSeconds?: number; readonly cause?: unknown } = {},
  ) {
    super(`${code}${detail ? `: ${detail}` : ''}`, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.detail = detail;
    const { cause: _cause, ...rest } = extra;
    this.extra = rest;
  }
}

import { FileError } from '../../errors.ts';
import type { Trim } from '../../files/edits.ts';
import { durationToleranceMs } from '../../media/asset-types.ts';

/** The part of a clip that is kept, in milliseconds. */
export interface ClipPart {
  readonly startMs: number;
  /** undefined up to the end of the clip. */
  readonly endMs: number | undefined;
  readonly lengthMs: number;
}

/** Times in the file and on the command line are rounded. */
const timeToleranceMs = 100;

/** Less than any frame lasts: nobody would notice that so little is gone, only that the rest was encoded again. */
const minCutMs = 1;

/**
 * The part that `--trim` names.
 *
 * @throws FileError `cannot_fit` for one outside the clip
 */
export function resolvePart(trim: Trim | undefined, durationMs: number): ClipPart {
  if (trim === undefined) {
    return { startMs: 0, endMs: undefined, lengthMs: durationMs };
  }
  const { startMs, endMs } =
    trim.kind === 'tail' ? { startMs: durationMs - trim.lengthMs, endMs: undefined } : trim;
  if (startMs >= durationMs) {
    throw outside('the requested part is outside the clip', durationMs);
  }
  if (startMs < -timeToleranceMs || (endMs ?? 0) > durationMs + timeToleranceMs) {
    throw outside('the requested part is partly outside the clip', durationMs);
  }
  const isFromStart = startMs < minCutMs;
  const isToEnd = endMs === undefined || endMs > durationMs - minCutMs;
  return {
    startMs: isFromStart ? 0 : startMs,
    endMs: isToEnd ? undefined : endMs,
    lengthMs: (isToEnd ? durationMs : endMs) - (isFromStart ? 0 : startMs),
  };
}

/** The error for a time that the clip does not have. */
export function outside(what: string, durationMs: number): FileError {
  return new FileError('cannot_fit', `${what}: it lasts ${formatClipTime(durationMs)}`, {
    hint: 'Choose a time within the clip.',
  });
}

export function isCut({ startMs, endMs }: ClipPart): boolean {
  return startMs > 0 || endMs !== undefined;
}

/** The part that remains once it is no longer than allowed. */
export function shorten(part: ClipPart, maxMs: number, marginMs: number, durationMs: number): ClipPart {
  // A cut adds up to a frame, so a clip cut to exactly the allowed length would be too long.
  const allowedMs = isCut(part) ? maxMs - marginMs : maxMs;
  if (part.lengthMs <= allowedMs || durationMs === 0) {
    return part;
  }
  const lengthMs = maxMs - marginMs;
  return { startMs: part.startMs, endMs: part.startMs + lengthMs, lengthMs };
}

/** The part, begun a margin earlier if it is the end of a clip and barely long enough. */
export function lengthenEnd(part: ClipPart, minMs: number, marginMs: number): ClipPart {
  const isBarelyLong = part.lengthMs >= minMs - durationToleranceMs && part.lengthMs < minMs + marginMs;
  if (part.endMs !== undefined || !isBarelyLong) {
    return part;
  }
  const startMs = Math.max(0, part.startMs - marginMs);
  return { startMs, endMs: undefined, lengthMs: part.lengthMs + part.startMs - startMs };
}

/** @throws FileError `bad_duration` for a part that would be too short */
export function refuseShort(lengthMs: number, minMs: number): void {
  if (lengthMs < minMs - durationToleranceMs) {
    throw new FileError(
      'bad_duration',
      `it would last ${formatClipTime(lengthMs)}; at least ${formatClipTime(minMs)} is needed`,
      { hint: 'A clip cannot be made longer: use a longer one, or keep more of it with --trim.' },
    );
  }
}

/** For people; empty if the whole clip is kept. */
export function describeCut({ startMs, endMs, lengthMs }: ClipPart): readonly string[] {
  if (startMs === 0) {
    return endMs === undefined ? [] : [`cut to its first ${formatClipTime(lengthMs)}`];
  }
  return [`cut to ${formatClipTime(startMs)} to ${formatClipTime(startMs + lengthMs)}`];
}

/** Seconds to the millisecond. */
export function formatClipTime(ms: number): string {
  return `${Math.round(ms) / 1000} s`;
}

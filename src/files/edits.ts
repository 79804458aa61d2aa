import { UsageError } from '../errors.ts';

/** A part of a clip (a video or an audio file): from a start to an end (or to the clip's end), or the last of it. */
export type Trim =
  | { readonly kind: 'part'; readonly startMs: number; readonly endMs: number | undefined }
  | { readonly kind: 'tail'; readonly lengthMs: number };

/** A frame of a video; a time counts from the start of the trimmed video. */
export type Frame = 'first' | 'last' | { readonly atMs: number };

/** A shape, such as 16:9; both are above zero. */
export interface Aspect {
  readonly width: number;
  readonly height: number;
}

/** The changes that the user asks for, whether the file would be accepted without them or not. */
export interface Edits {
  readonly trim?: Trim;
  readonly frame?: Frame;
  readonly aspect?: Aspect;
}

const time = String.raw`(?:\d+:)?(?:\d+:)?\d+(?:\.\d+)?`;
const trimPattern = new RegExp(`^(?:(?<start>${time})(?:-(?<end>${time}))?|-(?<tail>${time}))$`);
const timePattern = new RegExp(`^${time}$`);
const aspectPattern = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/;

/** A narrower crop would leave small images with a side of less than a pixel. */
const maxAspectRatio = 100;

/**
 * Reads `2.5`, `3-10`, `1:20-1:30`, or `-5` for the last five seconds.
 *
 * @param label what errors call it
 * @throws UsageError
 */
export function parseTrim(text: string, label: string): Trim {
  const { start, end, tail } = trimPattern.exec(text)?.groups ?? {};
  if (tail !== undefined) {
    const lengthMs = parseTime(tail);
    if (lengthMs === undefined || lengthMs === 0) {
      throw wrong(label, text, 'use a time above zero, such as -5 for the last five seconds');
    }
    return { kind: 'tail', lengthMs };
  }
  const startMs = start === undefined ? undefined : parseTime(start);
  const endMs = end === undefined ? undefined : parseTime(end);
  if (startMs === undefined || (end !== undefined && endMs === undefined)) {
    throw wrong(label, text, 'use 2.5, 3-10, 1:20-1:30, or -5 for the last five seconds');
  }
  if (endMs !== undefined && endMs <= startMs) {
    throw wrong(label, text, 'the end must come after the start');
  }
  return { kind: 'part', startMs, endMs };
}

/**
 * Reads `first`, `last`, or a time such as `2.5` or `1:20`.
 *
 * @param label what errors call it
 * @throws UsageError
 */
export function parseFrame(text: string, label: string): Frame {
  if (text === 'first' || text === 'last') {
    return text;
  }
  const atMs = timePattern.test(text) ? parseTime(text) : undefined;
  if (atMs === undefined) {
    throw wrong(label, text, 'use first, last, or a time such as 2.5 or 1:20');
  }
  return { atMs };
}

/**
 * Reads a shape such as `16:9` or `2.39:1`.
 *
 * @param label what errors call it
 * @throws UsageError
 */
export function parseAspect(text: string, label: string): Aspect {
  const [, first, second] = aspectPattern.exec(text) ?? [];
  const width = Number(first);
  const height = Number(second);
  if (first === undefined || second === undefined) {
    throw wrong(label, text, 'use two numbers such as 16:9');
  }
  if (width === 0 || height === 0) {
    throw wrong(label, text, 'both numbers must be above zero');
  }
  // Two numbers that are too large for a ratio have none.
  if (!(Math.max(width / height, height / width) <= maxAspectRatio)) {
    throw wrong(label, text, `one side must not be more than ${maxAspectRatio} times the other`);
  }
  return { width, height };
}

const parsers = {
  trim: parseTrim,
  frame: parseFrame,
  aspect: parseAspect,
} as const satisfies { [Name in keyof Edits]-?: (text: string, label: string) => NonNullable<Edits[Name]> };

/**
 * Reads the flags, or the library's options, of these names.
 *
 * @param prefix what the user wrote before a name, for errors: `--` or nothing
 * @throws UsageError
 */
export function parseEdits(
  { trim, frame, aspect }: { [Name in keyof Edits]?: string | undefined },
  prefix: '--' | '',
): Edits {
  return {
    ...(trim !== undefined && { trim: parseTrim(trim, `${prefix}trim`) }),
    ...(frame !== undefined && { frame: parseFrame(frame, `${prefix}frame`) }),
    ...(aspect !== undefined && { aspect: parseAspect(aspect, `${prefix}aspect`) }),
  };
}

/**
 * Takes the edits off a file's name such as `clip.mp4#trim=3-8&frame=last`; undefined if it ends in none. A file of the
 * whole name takes precedence, so look for that first.
 *
 * @throws UsageError if the name ends in edits and one of them is wrong
 */
export function parseNamedEdits(name: string): { readonly path: string; readonly edits: Edits } | undefined {
  const [, path, list] = /^(.+)#([^#]*)$/s.exec(name) ?? [];
  if (path === undefined || list === undefined || !beginsWithEdit(list)) {
    return undefined;
  }
  const edits: { -readonly [Name in keyof Edits]: Edits[Name] } = {};
  for (const pair of list.split('&')) {
    const [key = '', ...value] = pair.split('=');
    if (!isEdit(key)) {
      throw new UsageError(`"${key}" after "${path}#" is not known: use trim, frame or aspect`);
    }
    if (key in edits) {
      throw new UsageError(`"${key}" is given twice after "${path}#"`);
    }
    Object.assign(edits, { [key]: parsers[key](value.join('='), key) });
  }
  return { path, edits };
}

/** Whether the text after a file's name and a `#` is meant as edits. */
export function beginsWithEdit(text: string): boolean {
  return /^(?:trim|frame|aspect)=/.test(text);
}

/** The same text for edits that mean the same, for the key of a manifest. */
export function formatEdits({ trim, frame, aspect }: Edits): string {
  const parts = [
    trim && `trim=${formatTrim(trim)}`,
    frame && `frame=${typeof frame === 'string' ? frame : frame.atMs / 1000}`,
    aspect && `aspect=${aspect.width}:${aspect.height}`,
  ];
  return parts.filter((part) => part !== undefined).join('&');
}

function formatTrim(trim: Trim): string {
  switch (trim.kind) {
    case 'tail':
      return `-${trim.lengthMs / 1000}`;
    case 'part':
      return [trim.startMs, trim.endMs].flatMap((ms) => (ms === undefined ? [] : ms / 1000)).join('-');
  }
}

function isEdit(key: string): key is keyof typeof parsers {
  return Object.hasOwn(parsers, key);
}

/** In milliseconds; undefined if the minutes or seconds after a colon are 60 or more. */
function parseTime(text: string): number | undefined {
  const parts = text.split(':').map(Number);
  if (parts.slice(1).some((part) => part >= 60)) {
    return undefined;
  }
  // To the microsecond, because 2.3 * 1000 is not 2300.
  return Math.round(parts.reduce((total, part) => total * 60 + part, 0) * 1e6) / 1e3;
}

function wrong(label: string, text: string, what: string): UsageError {
  return new UsageError(`${label} "${text}": ${what}`);
}

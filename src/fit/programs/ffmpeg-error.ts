import { FileError } from '../../errors.ts';
import { diskFull } from '../workspace.ts';
import type { ProgramError } from './run-program.ts';

/** Messages of ffmpeg, and their meaning for people. The first that matches counts. */
const reasons: readonly (readonly [pattern: RegExp, message: string, hint?: string])[] = [
  [/No space left on device/, diskFull.message, diskFull.hint],
  [
    /Unrecognized option '([^']*)'|Option (\S+) not found/,
    'the installed ffmpeg is too old: it does not know an option',
    'Install ffmpeg 5 or newer.',
  ],
  [
    /No such filter: '(zscale|tonemap)'/,
    'it is HDR or wide-gamut; converting it to BT.709 needs zscale, which the installed ffmpeg lacks',
    'Install a build of ffmpeg with zimg.',
  ],
  [
    /Unknown encoder '(\w+)'/,
    'the installed ffmpeg is built without the encoder that it needs (libx264 for videos)',
    'Install a full build of ffmpeg.',
  ],
  [
    /Decoder .*not found|Unknown decoder|Unknown input format/,
    'the installed ffmpeg cannot decode it',
    'Install a full and newer build of ffmpeg.',
  ],
  [
    /moov atom not found|Invalid data found|EBML header parsing failed|: End of file/,
    'it cannot be decoded: it is cut short or damaged',
    'Copy or export it again.',
  ],
  [
    /Cannot determine format of input stream/,
    'it cannot be decoded: ffmpeg gets no picture or sound out of it',
  ],
];

/** The part of ffmpeg that wrote a line, with an address in memory: `[vorbis @ 0x563ccac01dc0] `. */
const loggedBy = /^\[[^\]]* @ 0x[\da-f]+\] /;

/** The failure of a file whose program failed. */
export function createFfmpegError(error: ProgramError, name: 'ffmpeg' | 'ffprobe'): FileError {
  const known = reasons.find(([pattern]) => pattern.test(error.stderrTail));
  if (known !== undefined) {
    const [, message, hint] = known;
    return new FileError('cannot_fit', message, { hint, cause: error });
  }
  // The last line may quote the file.
  const lastLine = error.stderrTail.trim().split('\n').at(-1)?.replace(loggedBy, '').slice(-200) ?? '';
  return new FileError('cannot_fit', `${name} ${failureWords[error.kind]}${lastLine && `: ${lastLine}`}`, {
    cause: error,
  });
}

const failureWords: Readonly<Record<ProgramError['kind'], string>> = {
  'not-started': 'does not start',
  failed: 'failed',
  unexplained: 'failed without saying why',
  killed: 'crashed or was killed',
  timeout: 'took too long and was stopped',
  stalled: 'made no progress and was stopped',
  'too-much-output': 'printed too much and was stopped',
};

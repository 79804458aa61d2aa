import { type Command, Option } from '@commander-js/extra-typings';
import {
  addCommand,
  collect,
  configOption,
  type FlagsOf,
  noConfigOption,
  type Start,
} from '../../add-command.ts';
import { formatNames } from '../../media/asset-types.ts';
import { resultFormats } from '../../report/result-formats.ts';
import { defaults } from '../../settings/defaults.ts';

/** Adds `dreamina upload`. */
export function addUpload(program: Command, start: Start) {
  return addCommand(program, 'upload')
    .argument('[files...]', 'paths, globs, folders with -r, or - for one file on standard input')
    .summary('upload images, videos and audio, print one reference per file')
    .description(
      `Uploads images, videos and audio and prints one reference per file, in the order of the files.\nAccepted by content: ${formatNames()}.`,
    )
    .optionsGroup('Which files:')
    .option(
      '--files-from <file>',
      'read paths from a file, one a line; - for standard input; may be repeated',
      collect,
    )
    .option('-0, --null', 'the paths of --files-from end in NUL bytes')
    .option('-r, --recursive', 'search folders for images, videos and audio, by extension')
    .option('--exclude <glob>', 'leave out what -r or a glob finds; may be repeated', collect)
    .option('--hidden', 'include hidden files and folders in -r and globs')
    .optionsGroup('Conversion (the others imply --fit):')
    .option('--fit', 'convert files that would be refused so that they are accepted')
    .option('--aspect <w:h>', 'crop images and videos to this shape, from the middle')
    .option('--frame <first|last|time>', 'take this frame of each video, as an image')
    .option('--trim <start[-end]>', 'take this part of videos and audio: 2.5, 3-10, 1:20-1:30, -5')
    .option('--fit-dir <folder>', 'save a copy of each converted file in this folder')
    .optionsGroup('How to send them:')
    .option('-a, --account <REGION:email>', 'the account to upload to')
    .option('-c, --concurrency <n>', `uploads in flight, 1-64 (default: ${defaults.concurrency})`)
    .option('--retries <n>', `attempts after the first, 0-20 (default: ${defaults.retries})`)
    .option(
      '--timeout <duration>',
      `longest wait without progress, such as 90s or 2m (default: ${defaults.timeout}s)`,
    )
    .option('--no-limits', 'leave size, length and dimensions to the server')
    .option('--manifest <file>', 'remember references here, and send nothing twice')
    .option('--max-age <duration>', 'ignore manifest entries older than 90m, 12h, 7d')
    .option('--fail-fast', 'stop at the first failure')
    .option('--dry-run', 'check everything, send nothing')
    .option('--sandbox', 'upload to a stand-in in this process: no token, no network')
    .optionsGroup('What to print:')
    .addOption(new Option('--format <format>', 'form of the results (default: text)').choices(resultFormats))
    .option('--json', 'short for --format json')
    .option('--report <file.html>', 'write a contact sheet: each file beside its reference')
    .option('-q, --quiet', 'only errors')
    .option('-v, --verbose', 'each request and retry')
    .option('--no-progress', 'no progress on the terminal')
    .option('--no-annotations', 'in GitHub Actions: no annotations, no step summary')
    .addOption(configOption())
    .addOption(noConfigOption())
    .addHelpText(
      'after',
      `
Examples:
  dreamina upload shot.png
  dreamina upload first.png last.png --format frames
  dreamina upload hero.png walk.mp4 voice.m4a --format omni
  dreamina upload 'shots/*.png' -c 8 --format ndjson > refs.ndjson
  magick shot.tiff png:- | dreamina upload -
  dreamina upload --fit photo.heic clip.mkv
  dreamina upload --frame last take1.mp4
  dreamina upload 'take1.mp4#frame=last' goal.png --format frames
  find . -name '*.png' -print0 | dreamina upload --files-from - -0

Exit codes: 0 every file has a reference, 1 none has, 2 usage, 3 some have,
4 token, account or config, 129/130/143 interrupted.`,
    )
    .action(async (files, flags) => {
      const { runUpload } = await import('./run.ts');
      await start((host) => runUpload(files, flags, host));
    });
}

export type UploadFlags = FlagsOf<typeof addUpload>;

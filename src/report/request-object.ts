import { UsageError } from '../errors.ts';
import type { RequestFormat } from './result-formats.ts';

/** An asset of a request object. */
interface Asset {
  readonly type: 'image' | 'video' | 'audio';
}

/** An asset before it is sent, with the facts that requests have rules about. */
export interface PlannedAsset extends Asset {
  readonly path: string;
  /** Videos and audio; absent if it is not known. */
  readonly durationMs?: number | undefined;
}

/** How many assets of each type a request takes at most (POST /videos and POST /images). */
const maxAssets = {
  frames: { image: 10, video: 0, audio: 0 },
  omni: { image: 9, video: 3, audio: 3 },
  images: { image: 6, video: 0, audio: 0 },
} as const satisfies Record<RequestFormat, Record<Asset['type'], number>>;

const endpoints = {
  frames: 'POST /videos',
  omni: 'POST /videos',
  images: 'POST /images',
} as const satisfies Record<RequestFormat, string>;

/**
 * The longest that the videos of an omni reference, or its audio, may be together; up to 0.1 s more is left to the
 * server to judge.
 */
const maxTotalMs = { video: 15_400, audio: 15_000 } as const;
const toleranceMs = 100;

const plurals = { image: 'images', video: 'videos', audio: 'audio files' } as const;

/**
 * The names of a request's fields: `few` if there are no more assets than it names, otherwise `pattern`, in which
 * `{number}` counts the assets of a type from 1.
 */
const fieldNames = {
  frames: { few: ['firstFrameRef', 'endFrameRef'], pattern: 'frame_{number}_imageRef' },
  omni: { few: [], pattern: 'omni_{number}_{type}Ref' },
  images: { few: [], pattern: 'imageRef_{number}' },
} as const satisfies Record<RequestFormat, { few: readonly string[]; pattern: string }>;

/** The rules of requests, for the page of a contact sheet, which builds them in the browser. */
export const requestRules = { maxAssets, endpoints, maxTotalMs, toleranceMs, plurals, fieldNames } as const;

/** Throws a UsageError if there are more files than a request takes; for a check before any is read. */
export function assertRequestCount(format: RequestFormat, count: number): void {
  const max = Object.values<number>(maxAssets[format]).reduce((sum, ofType) => sum + ofType, 0);
  if (count > max) {
    const what = format === 'omni' ? 'files' : plurals.image;
    throw new UsageError(
      `--format ${format} takes at most ${max} ${what}, as ${endpoints[format]} does; there are ${count} files`,
    );
  }
}

/**
 * Checks before anything is sent that a request can take these assets.
 *
 * @param isComplete whether they are all files of the request; others may have been refused
 * @throws UsageError that lists the problems
 */
export function assertRequest(
  format: RequestFormat,
  assets: readonly PlannedAsset[],
  isComplete = true,
): void {
  const problems: string[] = [];
  for (const type of ['image', 'video', 'audio'] as const) {
    const ofType = assets.filter((asset) => asset.type === type);
    const max = maxAssets[format][type];
    if (ofType.length > max) {
      problems.push(
        max === 0
          ? `--format ${format} takes images only; ${ofType[0]!.path} is ${type === 'video' ? 'a video' : 'an audio file'}`
          : `--format ${format} takes at most ${max} ${plurals[type]}, as ${endpoints[format]} does; there are ${ofType.length}`,
      );
    }
  }
  if (format === 'omni') {
    problems.push(...checkOmni(assets, isComplete));
  }
  if (problems.length > 0) {
    throw new UsageError(problems);
  }
}

function checkOmni(assets: readonly PlannedAsset[], isComplete: boolean): string[] {
  const problems: string[] = [];
  for (const type of ['video', 'audio'] as const) {
    const totalMs = assets
      .filter((asset) => asset.type === type)
      .reduce((sum, { durationMs = 0 }) => sum + durationMs, 0);
    if (totalMs > maxTotalMs[type] + toleranceMs) {
      problems.push(
        `--format omni takes at most ${maxTotalMs[type] / 1000} s of ${type} together; there are ${(totalMs / 1000).toFixed(1)} s`,
      );
    }
  }
  if (isComplete && assets.every(({ type }) => type === 'audio')) {
    problems.push('--format omni needs an image or a video beside the audio');
  }
  return problems;
}

/** The fields of a request for these references, ready to merge into its body. */
export function createRequestObject(
  format: RequestFormat,
  assets: readonly (Asset & { readonly assetRef: string })[],
): Readonly<Record<string, string>> {
  const { few, pattern } = fieldNames[format];
  const numbers = numberByType(assets);
  const fields = assets.map(({ type, assetRef }, i) => [
    assets.length <= few.length
      ? few[i]!
      : pattern.replace('{number}', String(numbers[i])).replace('{type}', type),
    assetRef,
  ]);
  return Object.fromEntries(fields);
}

/** The names by which the prompt of an omni reference calls its assets: `@image1`, `@video1`, `@audio1`. */
export function promptNames(assets: readonly Asset[]): readonly string[] {
  return numberByType(assets).map((number, i) => `@${assets[i]!.type}${number}`);
}

/** The number of each asset among those of its type, from 1. */
function numberByType(assets: readonly Asset[]): readonly number[] {
  const counts = { image: 0, video: 0, audio: 0 };
  return assets.map(({ type }) => {
    counts[type] += 1;
    return counts[type];
  });
}

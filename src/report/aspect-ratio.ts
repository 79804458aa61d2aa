import { hasReference, type UploadRecord } from '../upload/record.ts';

/**
 * How far apart two ratios may be and still count as equal: rounding a scaled side to whole pixels moves it by less
 * than one pixel in a hundred.
 */
export const ratioTolerance = 0.01;

/** A warning when frames differ in aspect ratio (a video takes its own from them); undefined when they agree. */
export function describeRatioMismatch(records: readonly UploadRecord[]): string | undefined {
  const sized = records.filter(hasReference).filter(({ width, height }) => width && height);
  const ratio = ({ width, height }: (typeof sized)[number]) => width! / height!;
  const first = sized[0];
  const odd = sized.find((record) => Math.abs(ratio(record) / ratio(first!) - 1) > ratioTolerance);
  if (first === undefined || odd === undefined) {
    return undefined;
  }
  const show = ({ path, width, height }: typeof first) => `${path} is ${width}x${height}`;
  return `the frames differ in aspect ratio: ${show(first)}, ${show(odd)}; crop them to one with --aspect ${formatRatio(first.width!, first.height!)}`;
}

/** Without common factors, as in 16:9. */
function formatRatio(width: number, height: number): string {
  const factor = greatestCommonDivisor(width, height);
  return `${width / factor}:${height / factor}`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

import type { Edits } from '../files/edits.ts';
import type { FitPlan } from '../fit/fit-plan.ts';
import type { AssetType } from '../media/asset-types.ts';
import type { FileCheck } from './checked-file.ts';

/** Edits after a file's name that do not apply to its type. Flags are for files of all types, so they do not count. */
export function describeUselessEdits(
  edits: Edits | undefined,
  plan: FitPlan,
  check: FileCheck,
): readonly string[] {
  const type = typeOf(plan, check);
  const useless = type === 'image' ? ['trim', 'frame'] : type === 'audio' ? ['frame', 'aspect'] : [];
  return Object.keys(edits ?? {})
    .filter((edit) => useless.includes(edit))
    .map((edit) => `#${edit}= has no effect on ${type === 'image' ? 'an image' : 'an audio file'}`);
}

/** The type of a source; undefined if it is unknown. */
function typeOf(plan: FitPlan, check: FileCheck): AssetType | undefined {
  if (plan.kind === 'untouched') {
    return check.kind === 'acceptable' ? check.asset.type : undefined;
  }
  switch (plan.work.kind) {
    case 'image':
      return 'image';
    case 'frame':
      return 'video';
    case 'clip':
      return plan.work.recipe.type;
  }
}

import { FileError } from '../errors.ts';
import { type FittingPlan, toFittedSource } from '../fit/fit-plan.ts';
import type { Fitter } from '../fit/fitter.ts';
import { assetTypes } from '../media/asset-types.ts';
import { checkAssetFile, type PendingAsset, type PreparedAsset } from '../media/check-asset.ts';
import type { CheckContext } from '../media/check-context.ts';
import type { UploadEvent } from './event.ts';

/** What {@link createPlannedAsset} needs from outside. */
export interface PlannedAssetContext {
  readonly fitter: Fitter;
  readonly checks: CheckContext;
  readonly onEvent: (event: UploadEvent) => void;
  /** Called with each image that was converted, before it is sent; it is removed afterwards. */
  readonly onFittedImage?: ((index: number, path: string) => Promise<void>) | undefined;
}

/** A plan, and the file of the run that it is for. */
interface PlannedFile {
  readonly index: number;
  readonly path: string;
  readonly plan: FittingPlan;
}

/** The asset that a plan will give. It is converted when it is prepared. */
export function createPlannedAsset(file: PlannedFile, context: PlannedAssetContext): PendingAsset {
  const { source, outcome, work } = file.plan;
  const { type, durationMs, width, height } = outcome;
  const maxBytes = context.checks.noLimits ? source.sizeBytes : assetTypes[type].maxBytes;
  return {
    type,
    durationMs,
    width,
    height,
    sizeBytes: Math.min(source.sizeBytes, maxBytes),
    fitting: { fitted: work.recipe.texts, source: toFittedSource(file.plan) },
    prepare: (signal) => convert(file, context, signal),
  };
}

/** A converted file is checked like any other. */
async function convert(
  { index, path, plan }: PlannedFile,
  { fitter, checks, onEvent, onFittedImage }: PlannedAssetContext,
  signal: AbortSignal,
): Promise<PreparedAsset> {
  const name = path === '-' ? 'stdin' : path;
  const output = await fitter.fit(plan, name, signal, (share) =>
    onEvent({ type: 'fitting', index, path, share }),
  );
  const { fitted, source, keptPath, discard } = output;
  const checked = await checkAssetFile(output.path, checks).catch(async (error: unknown) => {
    await discard();
    throw error instanceof FileError
      ? new FileError('cannot_fit', `the converted file is not acceptable: ${error.message}`, {
          cause: error,
        })
      : error;
  });
  const { type } = checked;
  if (type !== plan.outcome.type) {
    await discard();
    throw new FileError('cannot_fit', `the converted file is of type ${type}, not ${plan.outcome.type}`);
  }
  if (type === 'image') {
    await onFittedImage?.(index, output.path);
  }
  onEvent({ type: 'fitted', index, path, fitted, keptPath });
  return Object.assign(checked, { fitting: { fitted, source }, discard });
}

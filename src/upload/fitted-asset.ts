import { FileError } from '../errors.ts';
import { type FittingPlan, toFittedSource } from '../fit/fit-plan.ts';
import type { Fitter } from '../fit/fitter.ts';
import { assetTypes } from '../media/asset-types.ts';
import { checkAssetFile, type PendingAsset, type PreparedAsset } from '../media/check-asset.ts';
import type { CheckContext } from '../media/check-context.ts';
import type { UploadEvent } from './event.ts';

/** What the conversions of a run share. */
export interface FittedAssetContext {
  readonly fitter: Fitter;
  readonly checkContext: CheckContext;
  readonly onEvent: (event: UploadEvent) => void;
  /** Called with each image that was converted, before it is sent; it is removed afterwards. */
  readonly onFittedImage?: ((index: number, path: string) => Promise<void>) | undefined;
}

/** The file that is converted, for events. */
interface NamedFile {
  /** Its first place in the input. */
  readonly index: number;
  readonly path: string;
}

/** The asset that a plan makes of a file. It is converted when it is prepared. */
export function createFittedAsset(
  file: NamedFile,
  plan: FittingPlan,
  context: FittedAssetContext,
): PendingAsset {
  const { sizeBytes } = plan.source;
  const { type, durationMs, width, height } = plan.outcome;
  const maxBytes = context.checkContext.noLimits ? sizeBytes : assetTypes[type].maxBytes;
  return {
    type,
    durationMs,
    width,
    height,
    sizeBytes: Math.min(sizeBytes, maxBytes),
    fitting: { fitted: plan.work.recipe.texts, source: toFittedSource(plan) },
    prepare: (signal) => fitAsset(file, plan, context, signal),
  };
}

/** Converts a file. The result is checked like any other file. */
async function fitAsset(
  { index, path }: NamedFile,
  plan: FittingPlan,
  { fitter, checkContext, onEvent, onFittedImage }: FittedAssetContext,
  signal: AbortSignal,
): Promise<PreparedAsset> {
  const name = path === '-' ? 'stdin' : path;
  const onProgress = (share: number) => onEvent({ type: 'fitting', index, path, share });
  const fittedFile = await fitter.fit(plan, name, signal, onProgress);
  const { fitted, keptPath, discard } = fittedFile;
  const asset = await checkAssetFile(fittedFile.path, checkContext).catch(async (error: unknown) => {
    await discard();
    throw error instanceof FileError
      ? new FileError('cannot_fit', `the converted file is not acceptable: ${error.message}`, {
          cause: error,
        })
      : error;
  });
  const { type } = asset;
  if (type !== plan.outcome.type) {
    await discard();
    throw new FileError('cannot_fit', `the converted file is of type ${type}, not ${plan.outcome.type}`);
  }
  if (type === 'image') {
    await onFittedImage?.(index, fittedFile.path);
  }
  onEvent({ type: 'fitted', index, path, fitted, keptPath });
  return Object.assign(asset, { fitting: { fitted, source: toFittedSource(plan) }, discard });
}

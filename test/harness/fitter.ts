import { availableParallelism, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Edits } from '../../src/files/edits.ts';
import { type FitPlan, type FittedFile, toFittedSource } from '../../src/fit/fit-plan.ts';
import { Fitter, type FitterDependencies, type FitterOptions } from '../../src/fit/fitter.ts';
import { checkAssetFile, type FittedSource, type PreparedAsset } from '../../src/media/check-asset.ts';
import { createCheckContext } from '../../src/media/check-context.ts';

/** A fitter on this machine, for the caller to close. */
export function openFitter(given: Partial<FitterOptions & FitterDependencies> = {}): Fitter {
  const { noLimits = false, fitDir, ...dependencies } = given;
  return new Fitter(
    { noLimits, fitDir },
    {
      env: process.env,
      platform: process.platform,
      tempDir: tmpdir(),
      userId: process.getuid?.(),
      cores: availableParallelism(),
      now: Date.now,
      ...dependencies,
    },
  );
}

/** A fitter that is closed after the test. */
export function startFitter(given: Partial<FitterOptions & FitterDependencies> = {}): Fitter {
  const fitter = openFitter(given);
  onTestFinished(() => fitter.close());
  return fitter;
}

const never = new AbortController().signal;

/** What a fitter plans for a file. */
export async function planFile(
  fitter: Fitter,
  path: string,
  edits: Edits = {},
  isAccepted = false,
): Promise<FitPlan> {
  return fitter.plan(await fitter.loadSource(resolve(path), never), edits, isAccepted, never);
}

/** Converts a file, and checks the result. Throws if that is not necessary or not possible. */
export async function fitFile(
  fitter: Fitter,
  path: string,
  edits: Edits = {},
  signal: AbortSignal = never,
): Promise<
  FittedFile & Pick<PreparedAsset, 'contentType' | 'sizeBytes'> & { readonly source: FittedSource }
> {
  const plan = await planFile(fitter, path, edits);
  switch (plan.kind) {
    case 'fit': {
      const file = await fitter.fit(plan, path, signal);
      const context = createCheckContext(true, signal);
      const { contentType, sizeBytes } = await checkAssetFile(file.path, context);
      await context.close();
      return { ...file, contentType, sizeBytes, source: toFittedSource(plan) };
    }
    case 'untouched':
      throw new Error(`${path} needs nothing`);
  }
}

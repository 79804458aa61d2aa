import { absolutePath } from '../../absolute-path.ts';
import { UsageError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { UploadFlags } from './command.ts';

/** Whether each file is made to fit: each of these flags asks for it. */
export function shouldFitAll({ fit, trim, frame, aspect, fitDir }: UploadFlags): boolean {
  return (fit ?? false) || [trim, frame, aspect, fitDir].some((flag) => flag !== undefined);
}

/** @throws UsageError if it is empty */
export function resolveFitDir({ fitDir }: UploadFlags, host: Host): string | undefined {
  if (fitDir === '') {
    throw new UsageError('--fit-dir needs the name of a folder');
  }
  return fitDir === undefined ? undefined : absolutePath(fitDir, host);
}

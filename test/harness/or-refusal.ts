import { FileError } from '../../src/errors.ts';

/** The parts of a refusal that a user sees. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** Left out if it is false. */
  readonly fittable?: true;
}

/** The result of a check, or the refusal that it throws. */
export async function orRefusal<Result>(check: () => Result): Promise<Awaited<Result> | Refusal> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof FileError)) {
      throw error;
    }
    const { code, message, hint, fittable } = error;
    return { code, message, hint, ...(fittable && { fittable }) };
  }
}

import type { UploadError } from '../errors.ts';
import type { Outcome } from './record.ts';

/** The outcome of a file that has no reference because of `error`. */
export function failedOutcome(error: UploadError, attempts: number): Outcome {
  const { code, message, retryable, httpStatus, hint } = error;
  return {
    status: 'failed',
    attempts,
    error: {
      code,
      message,
      retryable,
      ...(httpStatus !== undefined && { httpStatus }),
      ...(hint !== undefined && { hint }),
    },
  };
}

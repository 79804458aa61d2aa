import type { CheckedFile } from '../media/check-files.ts';
import { failedOutcome } from './failed-outcome.ts';
import type { Outcome, UploadRecord } from './record.ts';

/** What a dry run yields: a record for each input, saying whether it would be sent. */
export function* validateFiles(files: readonly CheckedFile[]): Generator<UploadRecord, void, undefined> {
  for (const [index, { path, check }] of files.entries()) {
    yield { index, path, ...validate(check) };
  }
}

function validate(check: CheckedFile['check']): Outcome {
  switch (check.kind) {
    case 'acceptable': {
      const { sizeBytes, contentType } = check.image;
      return { status: 'valid', size: sizeBytes, contentType, attempts: 0 };
    }
    case 'refused':
      return failedOutcome(check.error, 0);
    case 'unchecked':
      return { status: 'cancelled', attempts: 0 };
  }
}

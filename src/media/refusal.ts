/** Why a file is not sent, as in a record's `error`. */
export interface Refusal {
  readonly code: 'unsupported_type' | 'too_large' | 'damaged' | 'bad_duration' | 'bad_dimensions';
  /** Begins with "it", which means the file. */
  readonly message: string;
  /** Advice for the user. */
  readonly hint: string;
  /** Whether a conversion may fix it. */
  readonly fittable?: true | undefined;
}

/** A file that is cut short or whose structure makes no sense. */
export function damaged(message: string): Refusal {
  return {
    code: 'damaged',
    message,
    hint: 'Copy, download or export it again: it is incomplete or damaged.',
  };
}

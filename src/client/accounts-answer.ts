import { type Answer, fieldsOf, isSuccess, parseObject, type Redact, serverWords, textOf } from './answer.ts';
import { createBadResponse, createHttpError } from './http-error.ts';

/** An account configured under a token. */
export interface Account {
  /** `REGION:email`. */
  readonly account: string;
  readonly email?: string;
  readonly region: string;
  /** How many videos and images the account makes at once. */
  readonly maxJobs?: number;
  /** When its Dreamina session ends, in ISO 8601; absent if the service does not say. */
  readonly sessionExpires?: string;
  /** A problem with the account, in the service's words. */
  readonly error?: string;
}

/**
 * Reads the answer of GET /accounts, a map from account to its details, sorted by account. Fields that are missing,
 * unknown or of another type do not hide the rest.
 *
 * @throws ApiError if the answer is a refusal or not such a map
 */
export function readAccountsAnswer(answer: Answer): readonly Account[] {
  if (!isSuccess(answer.status)) {
    throw createHttpError('accounts', answer);
  }
  const body = answer.ending === 'whole' ? parseObject(answer.text) : undefined;
  const entries = Object.entries(body ?? {});
  const accounts = entries.flatMap(([key, value]) => readAccount(key, value, answer.redact) ?? []);
  if (body === undefined || (accounts.length === 0 && entries.length > 0)) {
    throw createBadResponse(answer, 'accounts');
  }
  return accounts.sort((a, b) => (a.account < b.account ? -1 : 1));
}

/** Reads one entry of the map; undefined if it is not an account. */
function readAccount(key: string, value: unknown, redact: Redact): Account | undefined {
  const fields = fieldsOf(value);
  const account = textOf(fields?.account) ?? textOf(key);
  // An upload needs the region too.
  if (fields === undefined || !account?.includes(':')) {
    return undefined;
  }
  const email = textOf(fields.email);
  const { maxJobs } = fields;
  const sessionExpires = textOf(fields.sessionExpires);
  const error = serverWords(fields, redact);
  return {
    account,
    ...(email !== undefined && { email }),
    region: textOf(fields.region) ?? account.slice(0, account.indexOf(':')),
    ...(typeof maxJobs === 'number' && Number.isSafeInteger(maxJobs) && { maxJobs }),
    ...(sessionExpires !== undefined && isDate(sessionExpires) && { sessionExpires }),
    ...(error !== undefined && { error }),
  };
}

// Date.parse alone accepts nearly anything: "2" is a month of 2001.
function isDate(value: string): boolean {
  return /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value));
}

import type { UploadError } from '../errors.ts';
import { type Answer, badResponse, type Fields, parseObject, refusal, serverWords } from './answer.ts';

/** An account that is configured under a token. */
export interface Account {
  /** `REGION:email`. */
  readonly account: string;
  readonly email?: string;
  readonly region: string;
  /** Videos and images that the account makes at once. */
  readonly maxJobs?: number;
  /** When its Dreamina session ends, in ISO 8601; absent where the service does not tell. */
  readonly sessionExpires?: string;
  /** What the service says is wrong with it. */
  readonly error?: string;
}

/**
 * Reads the answer of GET /accounts, a map from account to what is known of it, sorted by account. What the API adds,
 * leaves out or gives another type is no reason to show nothing.
 *
 * @throws UploadError where the answer is a refusal or no such map
 */
export function readAccountsAnswer(answer: Answer, now: number): readonly Account[] {
  const body = parseObject(answer.text);
  if (answer.status < 200 || answer.status > 299) {
    throw refusal(answer, body, now, { 404: 'there is no list of accounts at this address' });
  }
  if (body === undefined || answer.ending !== 'whole') {
    throw noAccounts(answer, body);
  }
  const accounts = Object.entries(body).flatMap(([key, value]) => readAccount(key, value) ?? []);
  if (accounts.length === 0 && Object.keys(body).length > 0) {
    throw noAccounts(answer, body);
  }
  return accounts.sort((a, b) => (a.account < b.account ? -1 : 1));
}

function noAccounts(answer: Answer, body: Fields | undefined): UploadError {
  return badResponse(answer, body, 'accounts');
}

/** One entry of the map; undefined where it is something else that stands beside the accounts. */
function readAccount(key: string, value: unknown): Account | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return undefined;
  }
  const fields = value as Fields;
  const account = text(fields.account) ?? key;
  // Uploads take the account as their path, so it is worth nothing without its region.
  if (!account.includes(':')) {
    return undefined;
  }
  const email = text(fields.email);
  const { maxJobs } = fields;
  const sessionExpires = text(fields.sessionExpires);
  const error = serverWords(fields);
  return {
    account,
    ...(email !== undefined && { email }),
    region: text(fields.region) ?? account.slice(0, account.indexOf(':')),
    ...(typeof maxJobs === 'number' && { maxJobs }),
    ...(sessionExpires !== undefined && isDate(sessionExpires) && { sessionExpires }),
    ...(error !== undefined && { error }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

// Date.parse by itself takes nearly anything: "2" is a month of 2001.
function isDate(value: string): boolean {
  return /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value));
}

/** The accounts configured under every token. */
export const accounts = ['US:sandbox@example.com', 'CA:sandbox@example.com'] as const;

/** One of the tokens the sandbox accepts: it accepts every token of this form. */
export const exampleToken = 'user:1000-s4ndb0x';

const sessionMs = 30 * 24 * 60 * 60 * 1000;

/** Whether an Authorization header carries a token of the right form, complete and not percent-encoded. */
export function isAuthorized(authorization: string | undefined): boolean {
  return /^Bearer user:\d+-[A-Za-z0-9]+$/.test(authorization ?? '');
}

/** Decodes the account in a path segment; undefined if the percent-encoding is invalid. */
export function decodeAccount(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** The body of GET /accounts: each account with its region, its limits and the end of its session. */
export function describeAccounts(nowMs: number): Record<string, unknown> {
  const sessionExpires = new Date(nowMs + sessionMs).toISOString();
  return Object.fromEntries(
    accounts.map((account) => {
      const [region, email] = account.split(':');
      return [account, { account, email, region, maxJobs: 3, sessionExpires }];
    }),
  );
}

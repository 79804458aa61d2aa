import type { Uploader } from './attempts.ts';

/** Advice is not worth a longer wait. */
const maxListingMs = 5000;

/** The accounts that the token has, for advice; undefined if the service does not list them, or not in time. */
export async function listAccountNames(
  uploader: Pick<Uploader, 'listAccounts'>,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(maxListingMs)]);
    const accounts = await uploader.listAccounts?.(limit);
    return accounts?.map(({ account }) => account);
  } catch {
    return undefined;
  }
}

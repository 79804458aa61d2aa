import { groupDigits } from '../units.ts';

/** More are counted: a server may list thousands of accounts. */
const maxListed = 10;

/** Some texts as one, for a message: `a, b and 8,998 more`. */
export function formatList(texts: readonly string[]): string {
  const left = texts.length - maxListed;
  const listed = texts.slice(0, maxListed).join(', ');
  return left > 0 ? `${listed} and ${groupDigits(left)} more` : listed;
}

import { groupDigits } from './units.ts';

const maxNames = 10;

/** Lists names for a sentence, separated by commas; counts those after the tenth. */
export function listNames(names: readonly string[]): string {
  const left = names.length - maxNames;
  const shown = names.slice(0, maxNames).join(', ');
  return left > 0 ? `${shown} and ${groupDigits(left)} more` : shown;
}

import { closestMatch } from 'leven';
import { keys } from './definitions.ts';
import { quoteValue } from './quote-value.ts';
import { formatSource, type Layer } from './source.ts';

/** More than anybody mistypes; a file full of them is no reason to print megabytes. */
const mostTold = 10;

/** A warning for each key of a layer that no setting has, up to ten and then for all the rest. */
export function findUnknownKeys({ source, values }: Layer): string[] {
  const unknown = Object.keys(values).filter((key) => !(keys as readonly string[]).includes(key));
  const warnings = unknown
    .slice(0, mostTold)
    .map((key) => `${formatSource(source)}: unknown key ${quoteValue(key)}; ${advice(key)}`);
  const left = unknown.length - warnings.length;
  return left === 0 ? warnings : [...warnings, `${formatSource(source)}: ${left} more unknown keys`];
}

function advice(unknown: string): string {
  const nearest = nearestKey(unknown);
  return nearest === undefined ? `the keys are ${keys.join(', ')}` : `did you mean ${nearest}?`;
}

/** The known key that may have been meant: `api_url`, `API-URL` and `apiUlr` are all near `apiUrl`. */
function nearestKey(unknown: string): string | undefined {
  const letters = unknown.replaceAll(/[-_]/g, '').toLowerCase();
  const lowerCaseKeys = keys.map((key) => key.toLowerCase());
  const nearest = closestMatch(letters, lowerCaseKeys, { maxDistance: 2 });
  return nearest === undefined ? undefined : keys[lowerCaseKeys.indexOf(nearest)];
}

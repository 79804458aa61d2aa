import { closestMatch } from 'leven';
import { keys } from './definitions.ts';
import { quoteValue } from './quote-value.ts';
import { formatSource, type Layer } from './source.ts';

/** A warning for each key of a layer that no setting has. */
export function findUnknownKeys({ source, values }: Layer): string[] {
  return Object.keys(values)
    .filter((key) => !(keys as readonly string[]).includes(key))
    .map((key) => `${formatSource(source)}: unknown key ${quoteValue(key)}; ${advice(key)}`);
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

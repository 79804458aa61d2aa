import { closestMatch } from 'leven';
import { keys } from './definitions.ts';
import { quoteValue } from './quote-value.ts';
import { formatSource, type Layer } from './source.ts';

/** More are counted, not listed: a file full of unknown keys must not print megabytes. */
const maxListedKeys = 10;

/** Warns of each key in a layer that is not a setting. */
export function findUnknownKeys({ source, values }: Layer): readonly string[] {
  const unknown = Object.keys(values).filter((key) => !(keys as readonly string[]).includes(key));
  const warnings = unknown
    .slice(0, maxListedKeys)
    .map((key) => `${formatSource(source)}: unknown key ${quoteValue(key)}; ${advise(key)}`);
  const left = unknown.length - warnings.length;
  return left === 0 ? warnings : [...warnings, `${formatSource(source)}: ${left} more unknown keys`];
}

function advise(unknown: string): string {
  const nearest = nearestKey(unknown);
  return nearest === undefined ? `the keys are ${keys.join(', ')}` : `did you mean ${nearest}?`;
}

/** The known key that was probably meant: `api_url`, `API-URL` and `apiUlr` are all near `apiUrl`. */
function nearestKey(unknown: string): string | undefined {
  // Comparing long keys is slow; the longest key has eleven characters.
  if (unknown.length > 30) {
    return undefined;
  }
  const letters = unknown.replaceAll(/[-_]/g, '').toLowerCase();
  const lowerCaseKeys = keys.map((key) => key.toLowerCase());
  const nearest = closestMatch(letters, lowerCaseKeys, { maxDistance: 2 });
  return nearest === undefined ? undefined : keys[lowerCaseKeys.indexOf(nearest)];
}

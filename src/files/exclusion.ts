import { UsageError } from '../errors.ts';
import { expandBraces, PatternTooLarge } from './expand-braces.ts';
import { mayHaveGroups, type PatternPart, parsePattern, withForwardSlashes } from './pattern.ts';

interface Rule {
  readonly parts: readonly PatternPart[];
  readonly isForFolders: boolean;
}

/** The patterns of `--exclude`. */
export class Exclusion {
  readonly #rules: readonly Rule[];

  /** @throws UsageError for a pattern that is empty or too large */
  constructor(patterns: readonly string[], platform: NodeJS.Platform) {
    this.#rules = patterns.flatMap((pattern) => parseRules(withForwardSlashes(pattern, platform)));
  }

  /**
   * Whether a file or folder is left out. Call it for the parent folders first. A pattern without a slash is matched
   * against the name; one with a slash against the path, and against the part of it below the named folder.
   *
   * @param path as it is shown, such as `shots/old/a.png`
   * @param foundAt where the found part of the path begins, after the named part
   */
  has(path: string, foundAt: number, isFolder: boolean): boolean {
    if (this.#rules.length === 0) {
      return false;
    }
    const paths = [...new Set([path, path.slice(foundAt)])].map((it) =>
      it.replace(/^(?:\.\/)+/, '').split('/'),
    );
    const name = paths[0]!.slice(-1);
    return this.#rules.some(
      ({ parts, isForFolders }) =>
        (isFolder || !isForFolders) &&
        (parts.length === 1 ? matchesPath(parts, name) : paths.some((names) => matchesPath(parts, names))),
    );
  }
}

function parseRules(pattern: string): readonly Rule[] {
  const withoutDot = pattern.replace(/^(?:\.\/)+(?=.)/, '');
  const text = withoutDot.replace(/(?<=[^/])\/+$/, '');
  if (text === '') {
    throw new UsageError('--exclude needs a pattern, such as "*_draft.png"');
  }
  try {
    const isForFolders = text !== withoutDot;
    const readings = mayHaveGroups(text) ? [false, true] : [false];
    return expandBraces(text).flatMap((word) =>
      readings.map((hasGroups) => ({ parts: parsePattern(word, { hasGroups }), isForFolders })),
    );
  } catch (error) {
    throw error instanceof PatternTooLarge ? new UsageError('--exclude: the pattern is too large') : error;
  }
}

/** Whether a pattern matches a whole path; every wildcard takes hidden names. */
function matchesPath(parts: readonly PatternPart[], names: readonly string[]): boolean {
  // The positions in the path that the pattern may have reached.
  let places = new Set([0]);
  for (const part of parts) {
    const next = new Set<number>();
    for (const place of places) {
      if (part.kind === 'globstar') {
        for (let i = place; i <= names.length; i += 1) {
          next.add(i);
        }
      } else if (place < names.length && matchesName(part, names[place]!)) {
        next.add(place + 1);
      }
    }
    places = next;
  }
  return places.has(names.length);
}

function matchesName(part: Exclude<PatternPart, { kind: 'globstar' }>, name: string): boolean {
  return part.kind === 'literal' ? part.name === name : part.matches(name, true);
}

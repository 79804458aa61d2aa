import { PatternTooLarge } from './expand-braces.ts';
import { isUndecodedByte } from './path-bytes.ts';

/** One step of a pattern: the part between two slashes. */
export type PatternPart =
  | { readonly kind: 'literal'; readonly name: string }
  /** `**`, any number of folders. */
  | { readonly kind: 'globstar' }
  | NamePattern;

/** Whether bash would read parentheses of this text as a group under `extglob`. */
export function mayHaveGroups(text: string): boolean {
  return /[?*+@!]\(/.test(text);
}

/** A pattern with the separators that patterns have; on Windows, a backslash is not an escape. */
export function withForwardSlashes(pattern: string, platform: NodeJS.Platform): string {
  return platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
}

/** The nesting of groups; each level multiplies the cost of a match. */
const maxDepth = 8;

/**
 * Reads a pattern without braces as bash reads it. Written by hand: the libraries take ( ), a leading ! and {x} for
 * syntax, a character beyond U+FFFF for two, follow circular links below `**`, cannot match names that are not UTF-8,
 * and backtrack without a bound.
 *
 * @param options `hasGroups`: whether `@(a|b)` and the like are groups, as under bash's `extglob`, or plain text
 * @throws PatternTooLarge for groups that are nested too deep
 */
export function parsePattern(text: string, options: { readonly hasGroups: boolean }): readonly PatternPart[] {
  const parts = splitAtSlashes(text).map((part) => parsePart(part, options.hasGroups));
  return parts.filter(({ kind }, i) => kind !== 'globstar' || parts[i + 1]?.kind !== 'globstar');
}

function splitAtSlashes(text: string): readonly string[] {
  // In bash too, no escape, bracket or group reaches across a slash.
  return text.split('/').map((part, i, { length }) => (i < length - 1 ? dropDanglingEscape(part) : part));
}

function dropDanglingEscape(part: string): string {
  const backslashes = /\\*$/.exec(part)![0].length;
  return backslashes % 2 === 0 ? part : part.slice(0, -1);
}

function parsePart(text: string, hasGroups: boolean): PatternPart {
  if (text === '**') {
    return { kind: 'globstar' };
  }
  const items = new ItemParser(text, hasGroups).parse();
  return items.every((item) => typeof item === 'string')
    ? { kind: 'literal', name: items.join('') }
    : new NamePattern(items);
}

/** Matches one name, in a time that grows with the length of the name and of the pattern, never exponentially. */
class NamePattern {
  readonly kind = 'pattern';
  readonly #items: readonly Item[];

  constructor(items: readonly Item[]) {
    this.#items = items;
  }

  /** @param takesHidden whether a dot at the start needs no dot in the pattern */
  matches(text: string, takesHidden: boolean): boolean {
    const characters = [...text];
    const name = { characters, isDotProtected: !takesHidden && text.startsWith('.') };
    return matchItems(this.#items, placesAt(0, name), name)[characters.length] === 1;
  }
}

interface Name {
  readonly characters: readonly string[];
  /** Whether only a dot in the pattern matches the first character. */
  readonly isDotProtected: boolean;
}

/** A set of positions in a name: 1 where a match may have got to. */
type Places = Uint8Array;

/** A wildcard, a set or a group: the positions where it can end if it begins at one of these. */
type Matcher = (from: Places, name: Name) => Places;

/** A part of a pattern: a character that stands for itself, or more. */
type Item = string | Matcher;

function placesAt(place: number, { characters }: Name): Places {
  const places = new Uint8Array(characters.length + 1);
  places[place] = 1;
  return places;
}

function addAll(to: Places, places: Places): Places {
  for (let i = 0; i < to.length; i += 1) {
    if (places[i] === 1) {
      to[i] = 1;
    }
  }
  return to;
}

/** The positions where the items can end, one after the other, if they begin at one of these. */
function matchItems(items: readonly Item[], from: Places, name: Name): Places {
  let places = from;
  for (const item of items) {
    if (!places.includes(1)) {
      break;
    }
    places =
      typeof item === 'string' ? stepOver(places, name, (it) => it === item, false) : item(places, name);
  }
  return places;
}

/** Moves each position over one character that matches. */
function stepOver(
  from: Places,
  { characters, isDotProtected }: Name,
  matches: (character: string) => boolean,
  isWildcard: boolean,
): Places {
  const to = new Uint8Array(from.length);
  for (let i = isWildcard && isDotProtected ? 1 : 0; i < characters.length; i += 1) {
    if (from[i] === 1 && matches(characters[i]!)) {
      to[i + 1] = 1;
    }
  }
  return to;
}

/** A pattern matches a leading dot only if it begins with one: not even an empty wildcard may precede it. */
function withoutStart(places: Places, { isDotProtected }: Name): Places {
  if (isDotProtected) {
    places[0] = 0;
  }
  return places;
}

const anyCharacter: Matcher = (from, name) => stepOver(from, name, () => true, true);

const anyCharacters: Matcher = (from, name) => {
  const to = withoutStart(from.slice(), name);
  const first = to.indexOf(1);
  return first === -1 ? to : to.fill(1, first);
};

/** U+FFFD, which an argument has instead of one to three bytes that are not UTF-8. */
const undecodedBytes: Matcher = (from, name) => {
  const to = stepOver(from, name, (character) => character === '\ufffd', false);
  let places = from;
  for (let i = 0; i < 3; i += 1) {
    places = stepOver(places, name, isUndecodedByte, false);
    addAll(to, places);
  }
  return to;
};

type GroupSign = '?' | '*' | '+' | '@' | '!';

function createGroup(sign: GroupSign, alternatives: readonly (readonly Item[])[]): Matcher {
  /** By start position, because nested groups ask repeatedly. */
  const results = new WeakMap<Name, (Places | undefined)[]>();
  return (from, name) => {
    const known = results.get(name) ?? [];
    results.set(name, known);
    const to = new Uint8Array(from.length);
    for (const [start, isThere] of from.entries()) {
      if (isThere === 1) {
        known[start] ??= matchGroup(sign, alternatives, start, name);
        addAll(to, known[start]);
      }
    }
    return withoutStart(to, name);
  };
}

function matchGroup(
  sign: GroupSign,
  alternatives: readonly (readonly Item[])[],
  start: number,
  name: Name,
): Places {
  const from = placesAt(start, name);
  const matchOnce = (places: Places) =>
    alternatives.reduce<Places>(
      (to, items) => addAll(to, matchItems(items, places, name)),
      new Uint8Array(from.length),
    );
  switch (sign) {
    case '@':
      return matchOnce(from);
    case '?':
      return addAll(matchOnce(from), from);
    case '+':
      return repeat(matchOnce, matchOnce(from));
    case '*':
      return repeat(matchOnce, from);
    case '!': {
      // It may match any characters but those, and a leading dot.
      const isNothing = start === 0 && name.isDotProtected;
      return matchOnce(from).map((isThere, i) => (i >= start && !isNothing && isThere !== 1 ? 1 : 0));
    }
  }
}

/** Matches again and again until that reaches no new position. */
function repeat(matchOnce: (places: Places) => Places, places: Places): Places {
  let fresh = places.slice();
  while (fresh.includes(1)) {
    fresh = matchOnce(fresh).map((isThere, i) => (isThere === 1 && places[i] !== 1 ? 1 : 0));
    addAll(places, fresh);
  }
  return places;
}

/** Reads one step of a pattern. */
class ItemParser {
  readonly #characters: readonly string[];
  /** For each `(`, where its alternatives end: at each `|`, and at its `)`. */
  readonly #groups: ReadonlyMap<number, readonly number[]>;
  #place = 0;

  constructor(text: string, hasGroups: boolean) {
    this.#characters = [...text];
    this.#groups = hasGroups ? findGroups(this.#characters) : new Map();
  }

  parse(): readonly Item[] {
    return this.#parseUntil(this.#characters.length, 0);
  }

  #parseUntil(end: number, depth: number): readonly Item[] {
    const items: Item[] = [];
    while (this.#place < end) {
      const item = this.#parseItem(end, depth);
      if (item !== anyCharacters || items.at(-1) !== anyCharacters) {
        items.push(item);
      }
    }
    return items;
  }

  #parseItem(end: number, depth: number): Item {
    const character = this.#characters[this.#place]!;
    if (isGroupSign(character) && this.#groups.has(this.#place + 1)) {
      return this.#parseGroup(character, depth);
    }
    this.#place += 1;
    switch (character) {
      case '*':
        return anyCharacters;
      case '?':
        return anyCharacter;
      case '\ufffd':
        return undecodedBytes;
      case '[': {
        const set = parseSet(this.#characters, this.#place, end);
        if (set !== undefined) {
          this.#place = set.end;
          return (from, name) => stepOver(from, name, set.has, true);
        }
        return character;
      }
      case '\\':
        if (this.#place < end) {
          this.#place += 1;
          return this.#characters[this.#place - 1]!;
        }
        return character;
      default:
        return character;
    }
  }

  #parseGroup(sign: GroupSign, depth: number): Item {
    if (depth >= maxDepth) {
      throw new PatternTooLarge();
    }
    const ends = this.#groups.get(this.#place + 1)!;
    this.#place += 2;
    const alternatives = ends.map((end) => {
      const items = this.#parseUntil(end, depth + 1);
      this.#place = end + 1;
      return items;
    });
    return createGroup(sign, alternatives);
  }
}

function isGroupSign(character: string): character is GroupSign {
  return '?*+@!'.includes(character);
}

function findGroups(characters: readonly string[]): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<number, readonly number[]>();
  const open: { readonly start: number; readonly ends: number[] }[] = [];
  for (let i = 0; i < characters.length; i += 1) {
    switch (characters[i]) {
      case '\\':
        i += 1;
        break;
      case '[':
        i = (parseSet(characters, i + 1, characters.length)?.end ?? i + 1) - 1;
        break;
      case '(':
        open.push({ start: i, ends: [] });
        break;
      case '|':
        open.at(-1)?.ends.push(i);
        break;
      case ')': {
        const group = open.pop();
        if (group !== undefined) {
          groups.set(group.start, [...group.ends, i]);
        }
        break;
      }
    }
  }
  return groups;
}

/** A bound, because each of thousands of `[` in a row would search for its end. */
const maxSetLength = 512;

/** A set of characters, such as `[a-z]`, `[!0-9]` or `[[:alpha:]_]`; undefined if nothing closes it. */
function parseSet(
  characters: readonly string[],
  start: number,
  limit: number,
): { readonly has: (character: string) => boolean; readonly end: number } | undefined {
  const end = Math.min(limit, start + maxSetLength);
  const isNegated = characters[start] === '!' || characters[start] === '^';
  const first = isNegated ? start + 1 : start;
  const tests: ((character: string) => boolean)[] = [];
  let i = first;
  while (i < end && (characters[i] !== ']' || i === first)) {
    const named = parseNamed(characters, i, end);
    if (named?.kind === 'class') {
      const { name } = named;
      tests.push((character) => characterClasses[name]?.test(character) ?? false);
      i = named.end;
      continue;
    }
    const low = named ?? parseMember(characters, i, end);
    i = low.end;
    if (characters[i] === '-' && i + 1 < end && characters[i + 1] !== ']') {
      const high = parseNamed(characters, i + 1, end) ?? parseMember(characters, i + 1, end);
      const [from, to] = [low.name.codePointAt(0)!, high.name.codePointAt(0)!];
      tests.push((character) => {
        const code = character.codePointAt(0)!;
        return from <= code && code <= to;
      });
      i = high.end;
    } else {
      tests.push((character) => character === low.name);
    }
  }
  if (i >= end) {
    return undefined;
  }
  return { has: (character) => tests.some((test) => test(character)) !== isNegated, end: i + 1 };
}

function parseMember(
  characters: readonly string[],
  start: number,
  end: number,
): { readonly name: string; readonly end: number } {
  return characters[start] === '\\' && start + 1 < end
    ? { name: characters[start + 1]!, end: start + 2 }
    : { name: characters[start]!, end: start + 1 };
}

/** Parses `[:alpha:]`, and `[=a=]` and `[.a.]`, which mean the character itself. */
function parseNamed(
  characters: readonly string[],
  start: number,
  end: number,
): { readonly kind: 'class' | 'character'; readonly name: string; readonly end: number } | undefined {
  const mark = characters[start + 1] ?? '';
  if (characters[start] !== '[' || !':=.'.includes(mark)) {
    return undefined;
  }
  for (let i = start + 2; i + 1 < end && i < start + maxNameLength; i += 1) {
    if (characters[i] === mark && characters[i + 1] === ']') {
      const name = characters.slice(start + 2, i).join('');
      const kind = mark === ':' ? 'class' : 'character';
      return kind === 'character' && [...name].length !== 1 ? undefined : { kind, name, end: i + 2 };
    }
  }
  return undefined;
}

const maxNameLength = 32;

/** The POSIX classes for all of Unicode, as in a UTF-8 locale; each tests one code point. */
const characterClasses: Readonly<Record<string, RegExp>> = {
  __proto__: null as never,
  alnum: /[\p{Alphabetic}\p{Nd}]/u,
  alpha: /\p{Alphabetic}/u,
  ascii: /[\0-\x7f]/,
  blank: /[\t\p{Zs}]/u,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[^\p{Z}\p{C}]/u,
  lower: /\p{Lowercase}/u,
  print: /[^\p{Zl}\p{Zp}\p{C}]/u,
  punct: /[^\p{Z}\p{C}\p{Alphabetic}\p{Nd}]/u,
  space: /\s/u,
  upper: /\p{Uppercase}/u,
  word: /[\p{Alphabetic}\p{Nd}_]/u,
  xdigit: /[0-9A-Fa-f]/,
};

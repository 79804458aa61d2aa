/** The error for a pattern that is too long, nested too deep or expands to too many words. */
export class PatternTooLarge extends Error {}

const maxWords = 65_536;
const maxCharacters = 4 * 1024 * 1024;
const maxDepth = 100;

/**
 * Expands braces as bash does: `{a,b}`, `{1..10}`, `{01..10..3}`, `{a..e}`, nested; `{x}` is plain text. Written by
 * hand: the libraries differ from bash in `{x}a,b}`, `{a,b`, escapes and zeros, and do not bound the work. After
 * `brace_expand` in https://git.savannah.gnu.org/cgit/bash.git/tree/braces.c
 *
 * @throws PatternTooLarge
 */
export function expandBraces(text: string): readonly string[] {
  return expand(text, 0);
}

function expand(text: string, depth: number): readonly string[] {
  if (depth > maxDepth) {
    throw new PatternTooLarge();
  }
  const braces = findBraces(text);
  if (braces === undefined) {
    return [text];
  }
  const { open, close } = braces;
  const body = text.slice(open + 1, close);
  const words = hasComma(body)
    ? splitAtCommas(body).flatMap((part) => expand(part, depth + 1))
    : (expandSequence(body) ?? [text.slice(open, close + 1)]);
  return combine(text.slice(0, open), words, expand(text.slice(close + 1), depth + 1));
}

function combine(head: string, middle: readonly string[], tails: readonly string[]): readonly string[] {
  const count = middle.length * tails.length;
  const characters =
    count * head.length + totalLength(middle) * tails.length + totalLength(tails) * middle.length;
  if (count > maxWords || characters > maxCharacters) {
    throw new PatternTooLarge();
  }
  return middle.flatMap((word) => tails.map((tail) => `${head}${word}${tail}`));
}

function totalLength(words: readonly string[]): number {
  return words.reduce((sum, { length }) => sum + length, 0);
}

/** The first pair of braces that has something to expand. */
function findBraces(text: string): { readonly open: number; readonly close: number } | undefined {
  for (let open = find(text, '{', 0); open !== -1; open = find(text, '{', open + 1)) {
    const close = find(text, '}', open + 1);
    if (close !== -1) {
      return { open, close };
    }
  }
  return undefined;
}

/**
 * The place of a `{`, `}` or `,` that counts: not escaped, and outside of inner braces.
 * A `}` counts only after a comma or `..`, so that `{x}` is text.
 */
function find(text: string, wanted: '{' | '}' | ',', from: number): number {
  let level = 0;
  let isDivided = wanted !== '}';
  for (let i = from; i < text.length; i += 1) {
    const character = text[i]!;
    if (character === '\\') {
      i += 1;
    } else if (character === wanted && level === 0 && isDivided) {
      if (wanted === '{' && text[i + 1] === '}' && (i === 0 || /\s/.test(text[i - 1]!))) {
        i += 1;
        continue;
      }
      return i;
    } else if (character === '{') {
      level += 1;
    } else if (character === '}' && level > 0) {
      level -= 1;
    } else if (level === 0) {
      isDivided ||= character === ',' || (text.startsWith('..', i) && text[i + 2] !== '}');
    }
  }
  return -1;
}

function hasComma(body: string): boolean {
  return /^(?:[^\\,]|\\.)*,/s.test(body);
}

function splitAtCommas(body: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  for (let comma = find(body, ',', 0); comma !== -1; comma = find(body, ',', start)) {
    parts.push(body.slice(start, comma));
    start = comma + 1;
  }
  return [...parts, body.slice(start)];
}

const numbers = /^([-+]?\d{1,15})\.\.([-+]?\d{1,15})(?:\.\.([-+]?\d{1,15}))?$/;
const letters = /^([A-Za-z])\.\.([A-Za-z])(?:\.\.([-+]?\d{1,15}))?$/;

function expandSequence(body: string): readonly string[] | undefined {
  const [, first, last, by] = numbers.exec(body) ?? letters.exec(body) ?? [];
  if (first === undefined || last === undefined) {
    return undefined;
  }
  const areNumbers = numbers.test(body);
  const from = areNumbers ? Number(first) : first.charCodeAt(0);
  const to = areNumbers ? Number(last) : last.charCodeAt(0);
  const step = Math.abs(Number(by ?? 1)) || 1;
  const count = Math.floor(Math.abs(to - from) / step) + 1;
  if (count > maxWords) {
    throw new PatternTooLarge();
  }
  const isPadded = [first, last].some((end) => /^-?0\d/.test(end));
  const width = isPadded ? Math.max(first.length, last.length) : 0;
  return Array.from({ length: count }, (_, i) => {
    const value = from + i * step * Math.sign(to - from);
    return areNumbers ? pad(value, width) : String.fromCharCode(value);
  });
}

function pad(value: number, width: number): string {
  const sign = value < 0 ? '-' : '';
  return `${sign}${String(Math.abs(value)).padStart(width - sign.length, '0')}`;
}

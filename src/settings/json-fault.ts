import { keys } from './definitions.ts';

/** The first mistake in a text that should be JSON. */
export interface JsonFault {
  /** In UTF-16 code units from the start. */
  readonly offset: number;
  /** A clause that does not quote the text. */
  readonly reason: string;
  /** Whether it is a comment as in JavaScript. */
  readonly isComment?: boolean;
}

const spacePattern = /[ \t\r\n]*/y;
const tokenPattern = /"[^"\\\x00-\x1f]*(?:\\[\s\S][^"\\\x00-\x1f]*)*"|[{}[\],:]|[^\s"'{}[\],:/#]+/y;

/** The deepest nesting of objects and arrays that is checked, since each level takes a part of the stack. */
const maxDepth = 500;

/**
 * Finds the first mistake. Unlike JSON.parse it says where, whatever the version of Node; it quotes nothing; and it
 * reports a key that appears twice.
 *
 * @param property check for repeated keys only in this property of the outermost object
 */
export function findJsonFault(text: string, property?: string): JsonFault | undefined {
  try {
    new JsonChecker(text).check((key) => property === undefined || key === property);
  } catch (error) {
    if (!(error instanceof FoundFault)) {
      throw error;
    }
    return error.fault;
  }
  return undefined;
}

/** Ends the check. */
class FoundFault extends Error {
  /** Undefined if the text is nested too deep to be checked. */
  readonly fault: JsonFault | undefined;

  constructor(fault?: JsonFault) {
    super();
    this.fault = fault;
  }
}

/** Whether the value of a key is checked for repeated keys, and the key itself. */
type IsChecked = (key: string) => boolean;

/** Reads a text token by token. Each method begins at its first token and ends after its last. */
class JsonChecker {
  readonly #text: string;
  #offset = 0;
  /** The token at the offset; empty at the end of the text. */
  #token = '';
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  check(isChecked: IsChecked): void {
    this.#next();
    this.#readValue(isChecked);
    if (this.#token !== '') {
      throw this.#fault('there is something after the end of the config');
    }
  }

  #readValue(isChecked: IsChecked): void {
    const token = this.#token;
    if (token === '{') {
      const known = new Set<string>();
      this.#readEntries('}', () => this.#readEntry(known, isChecked));
    } else if (token === '[') {
      this.#readEntries(']', () => this.#readValue(isChecked));
    } else if (/^[}\],:]/.test(token)) {
      throw this.#fault('a value is missing');
    } else {
      if (parseToken(token) === undefined) {
        throw this.#fault(
          token.startsWith('"')
            ? 'a backslash in a string must be doubled'
            : 'a string must be in double quotes',
        );
      }
      this.#next();
    }
  }

  /** Reads an object or an array. */
  #readEntries(closing: '}' | ']', readEntry: () => void): void {
    this.#depth += 1;
    if (this.#depth > maxDepth) {
      throw new FoundFault();
    }
    this.#next();
    while (this.#token !== closing) {
      readEntry();
      if (this.#token !== closing) {
        this.#readComma(closing);
      }
    }
    this.#depth -= 1;
    this.#next();
  }

  #readComma(closing: '}' | ']'): void {
    if (this.#token !== ',') {
      throw this.#fault(
        /^[}\]:]/.test(this.#token) ? 'a bracket or colon is in the wrong place' : 'a comma is missing',
      );
    }
    const offset = this.#offset;
    if (this.#next() === closing) {
      throw new FoundFault({ offset, reason: 'there is a comma after the last entry' });
    }
  }

  /** Reads a key and its value. */
  #readEntry(known: Set<string>, isChecked: IsChecked): void {
    const key = parseToken(this.#token);
    if (typeof key !== 'string') {
      throw this.#fault('a key must be in double quotes');
    }
    const checked = isChecked(key);
    if (checked && known.has(key)) {
      throw this.#fault(describeRepeatedKey(key));
    }
    known.add(key);
    this.#next();
    if (this.#token !== ':') {
      throw this.#fault('a colon is missing after a key');
    }
    this.#next();
    this.#readValue(() => checked);
  }

  /** Goes to the next token and returns it. */
  #next(): string {
    const start = this.#offset + this.#token.length;
    this.#offset = start + matchAt(spacePattern, this.#text, start)!.length;
    const isEnd = this.#offset === this.#text.length;
    const token = isEnd ? '' : matchAt(tokenPattern, this.#text, this.#offset);
    if (token === undefined) {
      throw new FoundFault(describeStray(this.#text, this.#offset));
    }
    this.#token = token;
    return token;
  }

  /** A fault at this token; at the end of the text, the text itself is too short. */
  #fault(reason: string): FoundFault {
    const isEnd = this.#token === '';
    return new FoundFault({
      offset: this.#offset,
      reason: isEnd ? 'it ends too early; a bracket is not closed' : reason,
    });
  }
}

function matchAt(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}

/** Says that a key appears twice; names it only if it is a setting's, because a key may be a secret by mistake. */
export function describeRepeatedKey(key: string | undefined): string {
  return (keys as readonly (string | undefined)[]).includes(key)
    ? `the key ${key} appears twice`
    : 'a key appears twice';
}

/** The value of a single token; undefined if JSON has no such token. */
function parseToken(token: string): unknown {
  try {
    return JSON.parse(token);
  } catch {
    return undefined;
  }
}

function describeStray(text: string, offset: number): JsonFault {
  const rest = text.slice(offset, offset + 2);
  if (rest === '//' || rest === '/*' || rest.startsWith('#')) {
    return { offset, reason: 'comments are not allowed in JSON', isComment: true };
  }
  if (rest.startsWith("'")) {
    return { offset, reason: 'a string must be in double quotes' };
  }
  return {
    offset,
    reason: rest.startsWith('"')
      ? 'a quotation mark is not closed, or a string contains a tab'
      : 'an unexpected character',
  };
}

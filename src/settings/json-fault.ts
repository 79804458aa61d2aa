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

/** What may come next. */
type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'nothing';

/** An object or array that is open. */
interface Level {
  readonly closing: '}' | ']';
  readonly keys: Set<string>;
  key: string | undefined;
}

const tokenPattern =
  /[ \t\r\n]+|"[^"\\\x00-\x1f]*(?:\\[\s\S][^"\\\x00-\x1f]*)*"|[{}[\],:]|[^\s"'{}[\],:/#]+/y;

/**
 * Finds the first mistake. Unlike JSON.parse it says where, whatever the version of Node; it quotes nothing; and it
 * reports a key that appears twice.
 *
 * @param property check for repeated keys only in this property of the outermost object
 */
export function findJsonFault(text: string, property?: string): JsonFault | undefined {
  const levels: Level[] = [];
  let expected: Expected = 'value';
  let commaOffset = 0;
  let offset = 0;
  const fault = (reason: string, at = offset): JsonFault => ({ offset: at, reason });
  while (offset < text.length) {
    tokenPattern.lastIndex = offset;
    const token = tokenPattern.exec(text)?.[0];
    if (token === undefined) {
      return describeStray(text, offset);
    }
    const level = levels.at(-1);
    if (/^[ \t\r\n]/.test(token)) {
      // Space between tokens.
    } else if (expected === 'nothing') {
      return fault('there is something after the end of the config');
    } else if (expected === 'colon') {
      if (token !== ':') {
        return fault('a colon is missing after a key');
      }
      expected = 'value';
    } else if (expected.endsWith('or end') && token === level?.closing) {
      levels.pop();
      expected = levels.length === 0 ? 'nothing' : 'comma or end';
    } else if (expected === 'comma or end') {
      if (token !== ',') {
        return fault(
          /^[}\]:]/.test(token) ? 'a bracket or colon is in the wrong place' : 'a comma is missing',
        );
      }
      commaOffset = offset;
      expected = level?.closing === '}' ? 'key' : 'value';
    } else if (token === level?.closing && text.slice(commaOffset + 1, offset).trim() === '') {
      return fault('there is a comma after the last entry', commaOffset);
    } else if (expected.startsWith('key')) {
      const key = parseToken(token);
      if (typeof key !== 'string' || level === undefined) {
        return fault('a key must be in double quotes');
      }
      if (level.keys.has(key) && isChecked(levels, key, property)) {
        return fault(describeRepeatedKey(key));
      }
      level.keys.add(key);
      level.key = key;
      expected = 'colon';
    } else if (token === '{' || token === '[') {
      levels.push({ closing: token === '{' ? '}' : ']', keys: new Set(), key: undefined });
      expected = token === '{' ? 'key or end' : 'value or end';
    } else if (/^[}\],:]/.test(token)) {
      return fault('a value is missing');
    } else if (parseToken(token) === undefined) {
      return fault(
        token.startsWith('"')
          ? 'a backslash in a string must be doubled'
          : 'a string must be in double quotes',
      );
    } else {
      expected = levels.length === 0 ? 'nothing' : 'comma or end';
    }
    offset += token.length;
  }
  return expected === 'nothing' ? undefined : fault('it ends too early; a bracket is not closed');
}

/** Says that a key appears twice; names it only if it is a setting's, because a key may be a secret by mistake. */
export function describeRepeatedKey(key: string | undefined): string {
  return (keys as readonly (string | undefined)[]).includes(key)
    ? `the key ${key} appears twice`
    : 'a key appears twice';
}

function isChecked(levels: readonly Level[], key: string, property: string | undefined): boolean {
  return property === undefined || (levels.length === 1 ? key : levels[0]?.key) === property;
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

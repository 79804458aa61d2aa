import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { findFiles } from '../../src/files/find-files.ts';
import { tempDir } from '../harness/temp-dir.ts';
import { casesOf } from './cases.ts';

const syntax = new Set('*?[]{},!^:.-\\/');

/** The word that makes the shell see this pattern: everything that is not pattern syntax is escaped. */
function typed(pattern: string): string {
  let text = '';
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern[i]!;
    const isPlain = syntax.has(character) || /[\p{L}\p{N}\p{S}\p{Cs}]/u.test(character);
    const isEscape = character === '\\';
    text += isEscape && i === pattern.length - 1 ? '\\\\' : isPlain ? character : `\\${character}`;
    if (isEscape && i + 1 < pattern.length) {
      i += 1;
      text += pattern[i];
    }
  }
  return text;
}

/** The words to which bash expands each pattern. */
function expandInBash(cwd: string, patterns: readonly string[], options: string): string[][] {
  const script = patterns
    .map((pattern) => `for word in ${typed(pattern)}; do printf '%s\\0' "$word"; done; printf '\\n\\0'`)
    .join('\n');
  const output = execFileSync('bash', ['-c', `shopt -s globstar nullglob ${options}\n${script}`], {
    cwd,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();
  return output
    .split('\n\0')
    .slice(0, -1)
    .map((words) => words.split('\0').filter((word) => word !== ''));
}

async function expandHere(cwd: string, pattern: string, hidden: boolean): Promise<readonly string[]> {
  const request = {
    patterns: [pattern],
    literals: [],
    recursive: false,
    hidden,
    exclude: [],
    extensions: ['png'],
  };
  const { signal } = new AbortController();
  const host = { cwd, homeDir: '/nowhere', platform: 'linux', signal, stdin: Readable.from([]) } as const;
  try {
    return (await findFiles(request, host)).map(({ path }) => path);
  } catch (error) {
    if (error instanceof UsageError) {
      return [];
    }
    throw error;
  }
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function realPath(path: string): string {
  // The system's, because Node's own takes `link/..` for the folder that the link is in.
  const { native } = realpathSync;
  return existsSync(path) ? native(path) : join(native(dirname(path)), basename(path));
}

const names = [
  'a',
  'b',
  'aa',
  'ab',
  'A',
  '1',
  '10',
  '.a',
  'a b',
  '(1)',
  'a(1)',
  '!a',
  '{a}',
  '[a]',
  'é',
  '😀',
  'a-b',
  '^',
];
const files = ['.p', ...names.flatMap((name) => [name, `${name}.p`])];
const folders = ['', 'd', 'd/e', 'd/.h', 'f (x)', '{g}', '.h', 'd/e/a'];
const links: readonly (readonly [string, string])[] = [
  ['d/up', '..'],
  ['d/e/f', '../../f (x)'],
  ['f (x)/d', '../d'],
  ['l', 'd'],
  ['a.l', 'a.p'],
  ['lost', 'nowhere'],
];

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('*', '?', 'a', 'b', 'p', '.', '.p', '1') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        '(',
        ')',
        '!',
        '{a}',
        '[a]',
        '[!a]',
        '[^a]',
        '[[:alpha:]]',
        '[[:digit:]]',
        '[a-c]',
        '[]a]',
        '[!]a]',
      ],
      ...[
        '[',
        ']',
        '{',
        '}',
        ',',
        ' ',
        '\\*',
        '\\[',
        '\\(',
        '\\a',
        '😀',
        'é',
        '-',
        '^',
        '[',
        '{a,b}',
        '{,.}',
      ],
      ...[
        '{a,{b,1}}',
        '{1..3}',
        '{a..c}',
        '{a',
        '[a\\]]',
        '[[.a.]b]',

        '[-a]',
        '[a-]',
        '[é-😀]',
        '**',
      ],
    ),
  },
);
const part = fc.oneof(
  { weight: 5, arbitrary: fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('**', '*', 'd', 'l', '..', '.', '.h', 'f (x)', '*.p', '{d,l}', ''),
  },
);
const pattern = fc
  .array(part, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
  // No pattern leads out of the folder, whose neighbours are not ours.
  .filter(
    (text) =>
      /[*?[{]/.test(text) &&
      !text.startsWith('/') &&
      !/[?*\]}+@!]\(/.test(text) &&
      !/^\.{0,2}(?:\/|$)/.test(text),
  );

it.each([[false], [true]])('patterns match what bash matches, with hidden files: %s', async (hidden) => {
  const cwd = await tempDir();
  for (const folder of folders) {
    mkdirSync(join(cwd, folder), { recursive: true });
    for (const file of files.filter((name) => name !== 'a' || folder !== 'd/e')) {
      if (!existsSync(join(cwd, folder, file))) {
        writeFileSync(join(cwd, folder, file), '');
      }
    }
  }
  for (const [link, target] of links) {
    mkdirSync(dirname(join(cwd, link)), { recursive: true });
    symlinkSync(target, join(cwd, link));
  }
  await fc.assert(
    fc.asyncProperty(fc.array(pattern, { minLength: 20, maxLength: 20 }), async (patterns) => {
      const expected = expandInBash(cwd, patterns, hidden ? 'dotglob' : '');
      expect(expected).toHaveLength(patterns.length);
      for (const [i, text] of patterns.entries()) {
        const words = expected[i]!;
        const matched = words.filter((word) => isThere(`${cwd}/${word}`) && !isFolder(`${cwd}/${word}`));
        const isNamed = words.some(
          (word) => !isThere(`${cwd}/${word}`) || (isFolder(`${cwd}/${word}`) && !/[*?[]/.test(text)),
        );
        const found = isThere(`${cwd}/${text}`) ? matched : await expandHere(cwd, text, hidden);
        if (!isNamed) {
          const real = (paths: readonly string[]) =>
            [...new Set(paths.map((path) => realPath(`${cwd}/${path}`)))].sort();
          expect({ text, files: real(found) }).toEqual({ text, files: real(matched) });
          expect(matched).toEqual(expect.arrayContaining([...found]));
          expect(new Set(found).size).toBe(real(found).length);
        }
      }
    }),
    casesOf('list of patterns'),
  );
});

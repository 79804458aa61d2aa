import { expect, it } from 'vitest';
import { createPathLabel } from '../../../src/report/path-label.ts';

it.each<[string, readonly string[], number | undefined, readonly string[]]>([
  ['to the widest path', ['a.png', 'shots/b.png'], 80, ['a.png        |', 'shots/b.png  |']],
  [
    'by columns, not characters',
    ['夜景.png', 'é.png', 'abcdefgh.png'],
    80,
    ['夜景.png      |', 'é.png         |', 'abcdefgh.png  |'],
  ],
  ['emoji', ['🌊.png', 'ab.png'], 80, ['🌊.png  |', 'ab.png  |']],
  ['escaped', ['a\x1b[31m\n.png', 'b.png'], 80, ['a\\x1b[31m\\n.png  |', 'b.png            |']],
  [
    'without paths that fill the terminal',
    ['a.png', 'bc.png', 'x'.repeat(40)],
    40,
    ['a.png   |', 'bc.png  |', `${'x'.repeat(40)}  |`],
  ],
  [
    'to 80 columns without a terminal width',
    ['a', 'x'.repeat(79), 'y'.repeat(80)],
    0,
    [`a${' '.repeat(78)}  |`, `${'x'.repeat(79)}  |`, `${'y'.repeat(80)}  |`],
  ],
  ['standard input', ['-', 'a.png'], undefined, ['-      |', 'a.png  |']],
])('aligns paths: %s', (_what, paths, columns, labels) => {
  const label = createPathLabel(paths, columns);
  expect(paths.map((path) => `${label(path)}|`)).toEqual(labels);
});

import { describe, expect, it } from 'vitest';
import { formatHelpText } from '../../../src/report/help-text.ts';

const help = `Usage: dreamina upload [options] [files...]

Uploads images and prints one reference per file,
in the order of the files.

Conversion (the others imply --fit):
  --fit  convert files

Examples:
  dreamina upload first.png last.png --format frames
  dreamina login              keep the token in your own config
  dreamina upload 'a b.png' -c 8 > refs.txt

Exit codes: 0 all, 1 none,
2 usage.
`;

describe('formatHelpText', () => {
  it('leaves text that fits alone', () => {
    const fitting = 'Usage: x\n\nOptions:\n  -h  help\n  -v  version\n';
    expect(formatHelpText(fitting, { width: 80, isStyled: false })).toBe(fitting);
    expect(formatHelpText('1.0.0\n', { width: 80, isStyled: true })).toBe('1.0.0\n');
  });

  it('rewraps paragraphs, and breaks commands in shell syntax', () => {
    expect(formatHelpText(help, { width: 36, isStyled: false })).toBe(`Usage: dreamina upload [options]
[files...]

Uploads images and prints one
reference per file, in the order of
the files.

Conversion (the others imply --fit):
  --fit  convert files

Examples:
  dreamina upload first.png \\
      last.png --format frames
  dreamina login
      keep the token in your own
      config
  dreamina upload 'a b.png' \\
      -c 8 > refs.txt

Exit codes: 0 all, 1 none, 2 usage.
`);
  });

  it('makes only headings bold', () => {
    const styled = formatHelpText(help, { width: 80, isStyled: true });
    expect(styled.match(/\x1b\[1m.*?\x1b\[22m/g)).toEqual(
      ['Usage:', 'Conversion (the others imply --fit):', 'Examples:', 'Exit codes:'].map(
        (title) => `\x1b[1m${title}\x1b[22m`,
      ),
    );
    expect(styled.replaceAll(/\x1b\[\d+m/g, '')).toBe(formatHelpText(help, { width: 80, isStyled: false }));
  });
});

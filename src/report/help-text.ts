import { styleText } from 'node:util';
import { wrapWords } from './wrap-words.ts';

/** Deep enough to set off a remark or the rest of a broken line. */
const hangingIndent = 6;

const headings = /^[A-Z][A-Za-z ]*(?: \([^)\n]*\))?:(?= |$)/gm;

/** A word of a command line, or an option with its value. */
const commandWords = /-\S+ (?!-\S|[<>|])\S+|\S+/g;

/**
 * Fits help into `width` columns, without breaking a word: paragraphs are filled again, indented lines are commands,
 * continued with a backslash, with their remark below them. Headings may be bold.
 */
export function formatHelpText(
  text: string,
  { width, isStyled }: { readonly width: number; readonly isStyled: boolean },
): string {
  // Lines that belong together: of a paragraph, or of a list.
  const blocks = text.match(/(?:^\S.*[^:\n](?:\n|$))+|(?:^ .*(?:\n|$))+|^.*\n|.+$/gm) ?? [];
  const help = blocks.map((block) => fitBlock(block, width)).join('');
  // Not chalk: help cannot wait for a module, and importing it above delays even --version by 6 ms.
  return isStyled
    ? help.replace(headings, (title) => styleText('bold', title, { validateStream: false }))
    : help;
}

function fitBlock(block: string, width: number): string {
  const lines = block.split('\n');
  const end = lines.at(-1) === '' ? '\n' : '';
  const content = end === '' ? lines : lines.slice(0, -1);
  if (!block.startsWith(' ')) {
    const words = content.flatMap((line) => line.split(' '));
    return `${wrapWords(words, width).join('\n')}${end}`;
  }
  if (content.every((line) => line.length <= width)) {
    return block;
  }
  return `${content.flatMap((line) => fitCommand(line, width)).join('\n')}${end}`;
}

/** Formats an example: its command, and the remark below it. */
function fitCommand(line: string, width: number): string[] {
  const [, indent = '', command = '', remark = ''] = /^( *)(.+?)(?: {2,}(.*))?$/.exec(line) ?? [];
  const further = ' '.repeat(hangingIndent);
  const commandLines = wrapWords(command.match(commandWords) ?? [], width - hangingIndent - ' \\'.length);
  return [
    ...commandLines.map(
      (part, i) => `${i === 0 ? indent : further}${part}${i < commandLines.length - 1 ? ' \\' : ''}`,
    ),
    ...wrapWords(remark.match(/\S+/g) ?? [], width - hangingIndent).map((part) => `${further}${part}`),
  ];
}

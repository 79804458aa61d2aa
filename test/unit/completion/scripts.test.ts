import { describe, expect, it } from 'vitest';
import { formatBash } from '../../../src/completion/bash.ts';
import { formatFish } from '../../../src/completion/fish.ts';
import type { FlagModel, ProgramModel } from '../../../src/completion/read-program.ts';
import { formatZsh } from '../../../src/completion/zsh.ts';

function flag(names: readonly string[], more: Partial<FlagModel> = {}): FlagModel {
  const description = `about ${names.at(-1)}`;
  return { names, description, value: undefined, repeatable: false, alone: false, excludes: [], ...more };
}

const files = { name: 'file', values: { kind: 'files' }, variadic: false } as const;

const model: ProgramModel = {
  names: ['my-tool', 'tool'],
  flags: [flag(['-h', '--help'], { alone: true })],
  commands: [
    {
      name: 'send',
      summary: "send: it's quick",
      flags: [
        flag(['-q', '--quiet'], { description: "it's [very] quiet: C:\\" }),
        flag(['-l', '--list'], { value: files }),
        flag(['--number'], { value: { name: 'n', values: { kind: 'none' }, variadic: false } }),
        flag(['-a', '--account'], {
          value: { name: 'REGION:email', values: { kind: 'accounts' }, variadic: false },
        }),
        flag(['--form'], {
          value: { name: 'form', values: { kind: 'words', words: ['long', "it's"] }, variadic: false },
        }),
        flag(['--fault'], {
          value: { name: 'kind', values: { kind: 'words', words: ['slow'], suffix: ':' }, variadic: false },
          repeatable: true,
        }),
        flag(['--config'], { value: files, excludes: ['--no-config'] }),
        flag(['--no-config'], { excludes: ['--config'] }),
      ],
      arguments: [{ name: 'files', values: { kind: 'images' }, variadic: true }],
    },
    {
      name: 'shell',
      summary: 'a shell',
      flags: [],
      arguments: [{ name: 'shell', values: { kind: 'words', words: ['bash', 'zsh'] }, variadic: false }],
    },
  ],
};

describe('formatBash', () => {
  const script = formatBash(model);

  it.each([
    ["    '') choices=('-h' '--help') ;;", 'flags before a command'],
    ["    'send -l' | 'send --list') values=files ;;", 'both names of a flag with a value'],
    ["    'send --number') values=none ;;", 'a value nobody can guess'],
    ["    'send -a' | 'send --account') values=accounts ;;", 'accounts'],
    ["    'send --form') values=words choices=('long' 'it'\\''s') ;;", 'words, quoted'],
    ["    'send --fault') values=words choices=('slow:') ;;", 'words with a suffix'],
    ["    ' 0') values=words choices=('send' 'shell') ;;", 'commands'],
    ["    'send '*) values=images ;;", 'an argument that may be repeated'],
    ["    'shell 0') values=words choices=('bash' 'zsh') ;;", 'an argument that may not'],
    ['complete -o bashdefault -o default -F _my_tool my-tool tool', 'both names of the program'],
  ])('has the line %s: %s', (line) => {
    expect(script.split('\n')).toContain(line);
  });

  it('has no case for a flag without a value', () => {
    expect(script).not.toContain("'send --quiet')");
  });
});

describe('formatZsh', () => {
  const script = formatZsh(model);

  it.each([
    ["'send:send: it'\\''s quick'", 'a command'],
    ["'(- : *)--help[about --help]' \\", 'a flag that stands alone'],
    ["'(-q --quiet)-q[it'\\''s \\[very\\] quiet: C:\\\\]' \\", 'a description with special characters'],
    ["'(-l --list)-l+[about --list]:file:_files' \\", 'a short flag with a value'],
    ["'(-l --list)--list=[about --list]:file:_files' \\", 'a long flag with a value'],
    ["'(--number)--number=[about --number]:n: ' \\", 'a value nobody can guess'],
    ["'(-a --account)-a+[about --account]:REGION\\:email:_my_tool_accounts' \\", 'accounts'],
    [
      `'(--form)--form=[about --form]:form:compadd - '\\''long'\\'' '\\''it'\\''\\\\'\\'''\\''s'\\''' \\`,
      'words, quoted twice',
    ],
    [`'*--fault=[about --fault]:kind:compadd -S '\\''\\:'\\'' - '\\''slow'\\''' \\`, 'a flag to repeat'],
    ["'(--config --no-config)--config=[about --config]:file:_files' \\", 'flags that exclude each other'],
    ["'*:files:_my_tool_images'", 'an argument that may be repeated'],
  ])('has the line %s: %s', (line) => {
    expect(script.split('\n').map((it) => it.trim())).toContain(line);
  });

  it('begins with the names it completes, and registers them when it is sourced', () => {
    expect(script).toMatch(/^#compdef my-tool tool\n/);
    expect(script).toContain('\n  compdef _my_tool my-tool tool\n');
  });
});

describe('formatFish', () => {
  const script = formatFish(model);

  it.each([
    ["-n '__my_tool_at \\'\\'' -s h -l help -d 'about --help'", 'a flag before a command'],
    ["-n '__my_tool_at \\'\\'' -a 'send' -d 'send: it\\'s quick'", 'a command'],
    ["-n '__my_tool_at send' -s q -l quiet -d 'it\\'s [very] quiet: C:\\\\'", 'a description, quoted'],
    ["-n '__my_tool_at send' -s l -l list -r -F -d 'about --list'", 'a path'],
    ["-n '__my_tool_at send' -l number -r -f -d 'about --number'", 'a value nobody can guess'],
    [
      "-n '__my_tool_at send' -s a -l account -r -f -a '(__my_tool_accounts)' -d 'about --account'",
      'accounts',
    ],
    [
      "-n '__my_tool_at send' -l form -r -f -a '\\'long\\' \\'it\\\\\\'s\\'' -d 'about --form'",
      'words, quoted twice',
    ],
    ["-n '__my_tool_at send' -l fault -r -f -a '\\'slow:\\'' -d 'about --fault'", 'words with a suffix'],
    ["-n '__my_tool_at send' -f -k -a '(__my_tool_images)'", 'an argument that may be repeated'],
    ["-n '__my_tool_at shell 0' -f -a '\\'bash\\' \\'zsh\\''", 'an argument that may not'],
  ])('has the rule %s: %s', (rule) => {
    expect(script.split('\n')).toContain(`    complete -c $program ${rule}`);
  });

  it('completes both names', () => {
    expect(script).toContain('\nfor program in my-tool tool\n');
  });
});

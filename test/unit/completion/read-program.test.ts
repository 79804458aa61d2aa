import { Argument, Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { readProgram } from '../../../src/completion/read-program.ts';

const settings = {
  names: ['tool', 'other-tool'],
  values: { file: { kind: 'files' }, 'files...': { kind: 'images' } },
} as const;

function createProgram(): Command {
  const program = new Command('tool')
    .helpCommand(false)
    .version('1.0.0', '-V, --version', 'print the version');
  program
    .command('send')
    .summary('send files')
    .description('Sends files, at length.')
    .argument('[files...]')
    .option('-l, --list <file>', 'a list')
    .option('-n, --number <n>', 'a number')
    .option('--also <text>', 'more', (text: string, all: string[] = []) => [...all, text])
    .addOption(new Option('--form <form>', 'a form').choices(['long', 'short']))
    .option('--config <file>', 'this one')
    .option('--no-config', 'none')
    .addOption(new Option('--secret', 'for us').hideHelp());
  program.command('shell').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
  program.command('hidden', { hidden: true });
  return program;
}

describe('readProgram', () => {
  const model = readProgram(createProgram(), settings);
  const [send, shell] = model.commands;
  const flag = (name: string) => send!.flags.find(({ names }) => names.includes(name));

  it('knows the commands that help shows, with their summaries', () => {
    expect(model.names).toEqual(['tool', 'other-tool']);
    expect(model.commands.map(({ name, summary }) => [name, summary])).toEqual([
      ['send', 'send files'],
      ['shell', ''],
    ]);
  });

  it('knows the flags that help shows, help itself among them', () => {
    expect(model.flags.map(({ names, alone }) => ({ names, alone }))).toEqual([
      { names: ['-V', '--version'], alone: true },
      { names: ['-h', '--help'], alone: true },
    ]);
    expect(send!.flags.flatMap(({ names }) => names)).toEqual([
      ...['-l', '--list', '-n', '--number', '--also', '--form', '--config', '--no-config', '-h', '--help'],
    ]);
  });

  it('knows what a value can be: by its choices, else by its name', () => {
    expect(flag('--list')!.value).toEqual({ name: 'file', values: { kind: 'files' }, variadic: false });
    expect(flag('-n')!.value).toEqual({ name: 'n', values: { kind: 'none' }, variadic: false });
    expect(flag('--form')!.value?.values).toEqual({ kind: 'words', words: ['long', 'short'] });
    expect(flag('--no-config')!.value).toBeUndefined();
    expect(send!.arguments).toEqual([{ name: 'files', values: { kind: 'images' }, variadic: true }]);
    expect(shell!.arguments[0]!.values).toEqual({ kind: 'words', words: ['bash', 'zsh'] });
  });

  it('knows which flags may be repeated, and which speak of the same', () => {
    expect(send!.flags.filter(({ repeatable }) => repeatable).flatMap(({ names }) => names)).toEqual([
      '--also',
    ]);
    expect(flag('--config')!.excludes).toEqual(['--no-config']);
    expect(flag('--no-config')!.excludes).toEqual(['--config']);
    expect(flag('--form')!.excludes).toEqual([]);
  });
});

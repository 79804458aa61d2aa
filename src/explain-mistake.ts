import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Argument, CommanderError, CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { closestMatch } from 'leven';
import { UsageError } from './errors.ts';
import { quoteValue } from './settings/quote-value.ts';
import { joinWords, quoteWord } from './words.ts';

/** A command line that commander refused. */
export interface CommandLine {
  /** The words after the program's name. */
  readonly argv: readonly string[];
  readonly program: CommandUnknownOpts;
  /** Absolute; undefined if it is gone. */
  readonly cwd: string | undefined;
}

/**
 * Explains a mistake in a command line, and suggests a correction if one is clear. Never repeats a token or the value
 * of an unknown flag.
 */
export async function explainMistake(error: CommanderError, line: CommandLine): Promise<UsageError> {
  const { message, code } = error;
  const command = findCommand(line.program, line.argv[0] ?? '') ?? line.program;
  const secret = describeSecret(line);
  if (secret !== undefined) {
    return new UsageError(`${secret}: other users of this machine can see the arguments of a command`, {
      hint: 'Run `dreamina login`, or set DREAMINA_TOKEN; `dreamina login --with-token` reads standard input.',
    });
  }
  switch (code) {
    case 'commander.unknownOption': {
      const flag = nameOfFlag(quotedIn(message), line.program);
      return command === line.program
        ? explainEarlyFlag(flag, line)
        : explainUnknownFlag(flag, command, line);
    }
    case 'commander.unknownCommand':
      return explainUnknownCommand(quotedIn(message), line);
    case 'commander.optionMissingArgument': {
      const option = findParameter(message, command);
      return new UsageError(`${nameOf(option)} needs a value: ${termOf(option)}`);
    }
    case 'commander.missingArgument': {
      const argument = command.registeredArguments[command.args.length]!;
      return new UsageError(
        `dreamina ${command.name()} needs ${nameOf(argument)}: ${joinWords(argument.argChoices ?? [], 'or')}`,
        adviseHelp(command, 'shows its usage'),
      );
    }
    case 'commander.excessArguments': {
      const count = command.registeredArguments.length;
      const takes = ['no arguments', 'one argument'][count] ?? `${count} arguments`;
      return new UsageError(
        `dreamina ${command.name()} takes ${takes}; unexpected ${quoteValue(command.args[count])}`,
        adviseHelp(command, 'shows its usage'),
      );
    }
    case 'commander.invalidArgument': {
      const parameter = findParameter(message, command);
      const choices = parameter.argChoices ?? [];
      const value = / (?:argument|value) '([\s\S]*)' is invalid/.exec(message)?.[1] ?? '';
      return new UsageError(
        `${nameOf(parameter)} must be ${joinWords(choices, 'or')}; it is ${quoteValue(value)}${formatNearest(nearest(value, choices))}`,
      );
    }
    default:
      return new UsageError(message.replace(/^error: /, ''));
  }
}

/** Explains that there is no such command, and suggests the nearest. */
export function explainUnknownName(word: string, program: CommandUnknownOpts): UsageError {
  const names = namesOf(program);
  const meant = nearest(word, names);
  return new UsageError(
    `there is no command ${quoteValue(word)}${formatNearest(meant)}`,
    meant === undefined ? { hint: `The commands are ${names.join(', ')}.` } : {},
  );
}

async function explainUnknownCommand(word: string, { argv, program, cwd }: CommandLine): Promise<UsageError> {
  if (/^dreamina(-upload)?$/.test(word) && argv[0] === word && argv.length > 1) {
    return new UsageError("the program's name appears twice", writeLine(argv.slice(1)));
  }
  if (program.options.some(({ long }) => long === `--${word}`)) {
    return new UsageError(`there is no command ${quoteValue(word)}`, writeLine([`--${word}`]));
  }
  const kind = word === '' ? undefined : await findKind(word, cwd);
  const looksLikeFile = /[/\\.*?[~]|^-$/.test(word) && nearest(word, namesOf(program)) === undefined;
  if (kind === undefined && !looksLikeFile) {
    return explainUnknownName(word, program);
  }
  const isFolder = kind === 'folder' && !argv.some((it) => it === '-r' || it === '--recursive');
  return new UsageError(
    `${quoteValue(word)} is ${kind === undefined ? '' : `a ${kind}, `}not a command`,
    writeLine(['upload', ...(isFolder ? ['-r'] : []), ...argv]),
  );
}

/** Explains a flag that comes before the command. */
function explainEarlyFlag(flag: string, { argv, program }: CommandLine): UsageError {
  const place = argv.findIndex((word) => findCommand(program, word) !== undefined);
  const named = findCommand(program, argv[place] ?? '');
  const owners = program.commands.filter(
    (command) => namesOf(program).includes(command.name()) && hasFlag(command, flag),
  );
  const hasArguments = argv.some((word) => !/^-./.test(word));
  const owner =
    named === undefined
      ? owners.find((it) => owners.length === 1 || (it.name() === 'upload' && hasArguments))
      : owners.find((it) => it === named);
  if (owner !== undefined) {
    const others = named === undefined ? argv : argv.toSpliced(place, 1);
    return new UsageError(`${flag} must come after the command`, writeLine([owner.name(), ...others]));
  }
  if (owners.length > 0) {
    const names = owners.map((it) => it.name());
    return new UsageError(`${flag} must come after its command: ${joinWords(names, 'or')}`);
  }
  const flags = [program, ...(named === undefined ? program.commands : [named])].flatMap(flagsOf);
  return new UsageError(
    `there is no flag ${quoteFlag(flag)}${formatNearest(nearestFlag(flag, flags))}`,
    adviseHelp(named ?? program, 'lists the flags'),
  );
}

async function explainUnknownFlag(
  flag: string,
  command: CommandUnknownOpts,
  { argv, program, cwd }: CommandLine,
): Promise<UsageError> {
  const file = argv.find((word) => word.startsWith(flag));
  if (
    file !== undefined &&
    command.registeredArguments.length > 0 &&
    (file.startsWith('-#') || (await findKind(file, cwd)) !== undefined)
  ) {
    const others = argv.filter((word) => word !== file && word !== '--');
    return new UsageError(
      `${quoteValue(file)} looks like a flag; put it after --`,
      writeLine([...others, '--', file]),
    );
  }
  return new UsageError(describeUnknownFlag(flag, command, program), adviseHelp(command, 'lists its flags'));
}

function describeUnknownFlag(
  flag: string,
  command: CommandUnknownOpts,
  { commands }: CommandUnknownOpts,
): string {
  if (hasFlag(command, flag)) {
    return `${flag} takes no value`;
  }
  const meant = nearestFlag(flag, flagsOf(command));
  const owners = commands.filter((other) => hasFlag(other, flag)).map((other) => other.name());
  return meant === undefined && owners.length > 0
    ? `${flag} is a flag of ${owners.join(', ')}, not of ${command.name()}`
    : `dreamina ${command.name()} has no flag ${quoteFlag(flag)}${formatNearest(meant)}`;
}

/** Flags that would hold a secret, such as `--token` and `--api-key`; other programs have them. */
const secretFlag = /^--?([a-z]+-)*(token|key|apikey|secret|password|bearer|auth|authorization)$/i;

/** Explains that the command line contains a token, without repeating it; undefined if it contains none. */
function describeSecret({ argv, program }: CommandLine): string | undefined {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const known = [program, ...program.commands].flatMap(flagsOf);
  const flag = words
    .map((word) => word.split('=', 1)[0]!)
    .find((word) => secretFlag.test(word) && !known.includes(word));
  if (flag !== undefined) {
    return `there is no ${quoteFlag(flag)}`;
  }
  return argv.some((word) => /user:\d+-\w/i.test(word))
    ? 'do not put a token on the command line'
    : undefined;
}

function findCommand(program: CommandUnknownOpts, name: string): CommandUnknownOpts | undefined {
  return program.commands.find((command) => command.name() === name);
}

/** The commands that help shows. */
function namesOf(program: CommandUnknownOpts): readonly string[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => command.name());
}

function flagsOf(command: CommandUnknownOpts): readonly string[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ short, long }) => [short, long].filter((name) => typeof name === 'string'));
}

function hasFlag(command: CommandUnknownOpts, flag: string): boolean {
  return flagsOf(command).includes(flag);
}

/** The flag without its value: `--format` of `--format=xml`, `-c` of `-c4`, `-r` of `-rq`, but all of `-json`. */
function nameOfFlag(word: string, program: CommandUnknownOpts): string {
  const name = word.split('=', 1)[0]!;
  const isLong = name.startsWith('--') || nearestFlag(name, program.commands.flatMap(flagsOf)) !== undefined;
  return isLong ? name : word.slice(0, 2);
}

function nearestFlag(flag: string, flags: readonly string[]): string | undefined {
  // Any two single letters are near each other, so compare only the case.
  return /^-[^-]$/.test(flag)
    ? flags.find((it) => it.toLowerCase() === flag.toLowerCase())
    : nearest(
        flag.startsWith('--') ? flag : `-${flag}`,
        flags.filter((it) => it.startsWith('--')),
      );
}

/** As many characters, with a flag's dashes, tell a word from others: `--retry` means `--retries`. */
const stemLength = 6;

/** The word that was probably meant; ignores case and underscores, and accepts the start of a word. */
function nearest(word: string, words: readonly string[]): string | undefined {
  const plain = word.toLowerCase().replaceAll('_', '-');
  const length = plain.replace(/^-+/, '').length;
  const begun = words.filter((it) => it.startsWith(plain));
  if (length >= 2 && begun.length === 1) {
    return begun[0];
  }
  // leven is slow for long words.
  if (length < 2 || length > 40) {
    return undefined;
  }
  const alike = words.filter((it) => it.startsWith(plain.slice(0, stemLength)));
  if (plain.length >= stemLength && alike.length === 1) {
    return alike[0];
  }
  const maxDistance = length < 6 ? 1 : Math.floor(length * 0.4);
  return (
    words.find((it) => lettersOf(it) === lettersOf(plain)) ?? closestMatch(plain, words, { maxDistance })
  );
}

/** The letters in alphabetical order: the same for words with transposed letters. */
function lettersOf(word: string): string {
  return Array.from(word).toSorted().join('');
}

/** The text that commander quotes at the end of its message. */
function quotedIn(message: string): string {
  return /'([\s\S]*)'$/.exec(message)?.[1] ?? '';
}

/** The flag or argument that a message of commander is about. */
function findParameter(message: string, command: CommandUnknownOpts): Option | Argument {
  const flags = /^error: option '([^']*)'/.exec(message)?.[1];
  // The last match counts: the value before it may look the same.
  const name = /[\s\S]* for argument '([^']*)'\./.exec(message)?.[1];
  return (
    command.options.find((option) => option.flags === flags) ??
    command.registeredArguments.find((argument) => argument.name() === name)!
  );
}

function nameOf(parameter: Option | Argument): string {
  return 'flags' in parameter ? (parameter.long ?? parameter.flags) : `<${parameter.name()}>`;
}

function termOf(parameter: Option | Argument): string {
  return 'flags' in parameter ? parameter.flags : nameOf(parameter);
}

function formatNearest(word: string | undefined): string {
  return word === undefined ? '' : `; did you mean ${word}?`;
}

function quoteFlag(flag: string): string {
  return /^-[\w-]{1,40}$/.test(flag) ? flag : quoteValue(flag);
}

function adviseHelp(command: CommandUnknownOpts, does: string) {
  const name = command.parent === null ? '' : `${command.name()} `;
  return { hint: `\`dreamina ${name}--help\` ${does}.` };
}

/** The most words shown of a suggested command line. */
const maxWords = 12;

function writeLine(words: readonly string[]) {
  const shown = words.slice(0, maxWords).map(quoteWord).join(' ');
  return { hint: `Run: dreamina ${shown}${words.length > maxWords ? ' …' : ''}` };
}

/** Whether a path is a folder or a file; undefined if it does not exist. */
async function findKind(path: string, cwd: string | undefined): Promise<'folder' | 'file' | undefined> {
  const stats = cwd === undefined ? undefined : await stat(resolve(cwd, path)).catch(() => undefined);
  return stats === undefined ? undefined : stats.isDirectory() ? 'folder' : 'file';
}

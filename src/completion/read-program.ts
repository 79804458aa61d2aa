import type { Argument, Command, Option } from 'commander';

/** What can be offered in one place of a command line. */
export type Values =
  /** Nothing: it is a number, or whatever else nobody can guess. */
  | { readonly kind: 'none' }
  /** `suffix` belongs to each word, and then more of the value follows. */
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly suffix?: string }
  | { readonly kind: 'files' }
  /** Image files and directories, and any file where there are none of either. */
  | { readonly kind: 'images' }
  /** The configured accounts, which only the program knows when it is asked. */
  | { readonly kind: 'accounts' };

/** The endings of image files, in any case; a shell offers such files before any other. */
export const imageExtensions = ['jpg', 'jpeg', 'png', 'webp'] as const;

/** What the values of flags and arguments are, by the name that help shows for them: `file`, `files...`. */
export type ValuesByName = Readonly<Record<string, Values>>;

/** One flag: `-a, --account <REGION:email>`. */
export interface FlagModel {
  /** With its dashes, the short one first. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined for a flag without a value. */
  readonly value: ValueModel | undefined;
  readonly repeatable: boolean;
  /** Printing something and nothing else, as help and version do. */
  readonly alone: boolean;
  /** The names of flags that say something else about the same matter: `--config` and `--no-config`. */
  readonly excludes: readonly string[];
}

/** The value of a flag, or an argument of a command. */
export interface ValueModel {
  /** As help shows it, without brackets and dots. */
  readonly name: string;
  readonly values: Values;
  /** Whether every further argument is one like it. */
  readonly variadic: boolean;
}

/** A command, and what can stand after it. */
export interface CommandModel {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagModel[];
  readonly arguments: readonly ValueModel[];
}

/** All that a completion script knows of a program. */
export interface ProgramModel {
  /** Every name that the program is installed under, the one to name things after first. */
  readonly names: readonly [string, ...string[]];
  /** The flags that stand before a command. */
  readonly flags: readonly FlagModel[];
  /** They have no commands of their own. */
  readonly commands: readonly CommandModel[];
}

/** Reads what commander knows of a program; what help hides is left out. */
export function readProgram(
  program: Command,
  { names, values }: { readonly names: ProgramModel['names']; readonly values: ValuesByName },
): ProgramModel {
  const help = program.createHelp();
  const readFlags = (command: Command) => {
    const options = help.visibleOptions(command);
    const parsed = new Set<Option>(command.options);
    return options.map((option) => readFlag(option, options, parsed, values));
  };
  return {
    names,
    flags: readFlags(program),
    commands: help.visibleCommands(program).map((command) => ({
      name: command.name(),
      summary: help.subcommandDescription(command),
      flags: readFlags(command),
      arguments: command.registeredArguments.map((argument) => readArgument(argument, values)),
    })),
  };
}

function readFlag(
  option: Option,
  all: readonly Option[],
  parsed: ReadonlySet<Option>,
  values: ValuesByName,
): FlagModel {
  const name = /[<[](.+)[>\]]/.exec(option.flags)?.[1];
  const others = all.filter((it) => it !== option && it.attributeName() === option.attributeName());
  return {
    names: namesOf(option),
    description: option.description,
    value:
      name === undefined
        ? undefined
        : { name, values: readValues(name, option.argChoices, values), variadic: false },
    // Commander does not say what a parser does with the value before; one that is no choice gathers them here.
    repeatable: option.variadic || (option.parseArg !== undefined && option.argChoices === undefined),
    // Help is no option of the command's own, and version is known by its fixed name.
    alone: !parsed.has(option) || option.long === '--version',
    excludes: others.flatMap(namesOf),
  };
}

function namesOf({ short, long }: Option): string[] {
  return [short, long].filter((name) => name != null);
}

function readArgument(argument: Argument, values: ValuesByName): ValueModel {
  const { variadic } = argument;
  const name = argument.name();
  return {
    name,
    values: readValues(`${name}${variadic ? '...' : ''}`, argument.argChoices, values),
    variadic,
  };
}

function readValues(name: string, choices: readonly string[] | undefined, values: ValuesByName): Values {
  return choices === undefined ? (values[name] ?? { kind: 'none' }) : { kind: 'words', words: choices };
}

import type { Argument, Command, CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import type { Host } from '../../host.ts';
import { listExtensions } from '../../media/asset-types.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { isAccount } from '../../settings/identity.ts';

/** The words or files that fit at the cursor. */
export type Completion = Candidates & {
  /** The beginning of the current word that belongs to no candidate, such as `--format=`. */
  readonly head?: string;
};

type Candidates =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  /** Paths; files with one of these extensions and folders first, any other file if there are none. */
  | { readonly kind: 'files'; readonly extensions: readonly string[] };

/** A word that fits at the cursor. */
export interface Candidate {
  /** It ends in `:` if more of the same word must follow. */
  readonly word: string;
  /** May be empty. */
  readonly description: string;
}

/**
 * Finds the words or files that fit at the end of a command line: every candidate for that place, whether it begins
 * with the last word or not.
 *
 * @param words those after the program's name, the last one incomplete
 */
export async function findCompletion(
  program: Command,
  words: readonly string[],
  host: Host,
): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const { command, option, isLiteral, position, fits } = readWords(program, words.slice(0, -1));
  if (command === undefined) {
    return noWords;
  }
  if (option !== undefined) {
    return findValues(option, program, host);
  }
  if (!isLiteral && current.startsWith('-')) {
    const { option: glued, head } = readFlag(command, current);
    return glued !== undefined && head !== undefined
      ? { head, ...(await findValues(glued, program, host)) }
      : listFlags(command);
  }
  const argument = command.registeredArguments[position] ?? findVariadic(command);
  if (argument !== undefined) {
    const values = await findValues(argument, program, host);
    return fits && values.kind === 'files' ? loadFittable() : values;
  }
  if (command === program) {
    return listCommands(program);
  }
  return current === '' && !isLiteral ? listFlags(command) : noWords;
}

const noWords = { kind: 'words', words: [] } as const satisfies Candidates;

/** The flags that ask for conversions. */
const fitFlags: readonly (string | undefined)[] = ['--fit', '--aspect', '--frame', '--trim', '--fit-dir'];

/** The position of the cursor in the grammar of the command line. */
function readWords(program: CommandUnknownOpts, words: readonly string[]) {
  /** The program itself before a command; undefined after an unknown command. */
  let command: CommandUnknownOpts | undefined = program;
  /** The flag whose value comes next. */
  let option: Option | undefined;
  /** Whether `--` came before. */
  let isLiteral = false;
  /** How many arguments the command has so far. */
  let position = 0;
  /** Whether a flag asks for conversions. */
  let fits = false;
  for (const word of words) {
    if (option !== undefined) {
      option = undefined;
    } else if (!isLiteral && word === '--') {
      isLiteral = true;
    } else if (!isLiteral && /^-./.test(word)) {
      const flag = command === undefined ? undefined : readFlag(command, word);
      option = flag?.head === undefined ? flag?.option : undefined;
      fits ||= fitFlags.includes(word.split('=', 1)[0]);
    } else if (command === program) {
      command = program
        .createHelp()
        .visibleCommands(program)
        .find((it) => it.name() === word);
    } else {
      position += 1;
    }
  }
  return { command, option, isLiteral, position, fits };
}

/**
 * The flag with a value in a word such as `--format=json`, `--format`, `-c4` or `-qc`, and the text before the value,
 * which is undefined if the value is the next word.
 */
function readFlag(
  command: CommandUnknownOpts,
  word: string,
): { readonly option?: Option | undefined; readonly head?: string | undefined } {
  const find = (name: string) =>
    command.options.find((it) => [it.short, it.long].includes(name) && (it.required || it.optional));
  if (word.startsWith('--')) {
    const [name = ''] = word.split('=', 1);
    return { option: find(name), head: name === word ? undefined : `${name}=` };
  }
  // Short flags may be combined.
  for (let end = 2; end <= word.length; end += 1) {
    const option = find(`-${word[end - 1]}`);
    if (option !== undefined) {
      return { option, head: end === word.length ? undefined : word.slice(0, end) };
    }
  }
  return {};
}

function findVariadic({ registeredArguments }: CommandUnknownOpts): Argument | undefined {
  const last = registeredArguments.at(-1);
  return last?.variadic ? last : undefined;
}

function listCommands(program: CommandUnknownOpts): Candidates {
  const help = program.createHelp();
  const words = help.visibleCommands(program).map((command) => ({
    word: command.name(),
    description: help.subcommandDescription(command),
  }));
  return { kind: 'words', words };
}

function listFlags(command: CommandUnknownOpts): Candidates {
  const words = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ short, long, description }) =>
      // Commander uses null for a name that its help flag lacks.
      [short, long].flatMap((word) => (word ? [{ word, description }] : [])),
    );
  return { kind: 'words', words };
}

/** The values of a flag or an argument: its choices, or what its placeholder in the help implies. */
async function findValues(
  parameter: Option | Argument,
  program: CommandUnknownOpts,
  host: Host,
): Promise<Candidates> {
  if (parameter.argChoices !== undefined) {
    return { kind: 'words', words: parameter.argChoices.map(toCandidate) };
  }
  const isFlag = 'flags' in parameter;
  const name = isFlag ? /[<[](.+)[>\]]/.exec(parameter.flags)?.[1] : parameter.name();
  switch (name) {
    case 'file':
    case 'folder':
      return { kind: 'files', extensions: [] };
    case 'command':
      return listCommands(program);
    case 'file.html':
      return { kind: 'files', extensions: ['html', 'htm'] };
    case 'files':
      return { kind: 'files', extensions: listExtensions() };
    case 'REGION:email':
      return { kind: 'words', words: (await listAccounts(host)).map(toCandidate) };
    case 'kind:amount': {
      // Loaded only here: no other completion needs it.
      const { faultKinds } = await import('../../sandbox/faults.ts');
      return { kind: 'words', words: faultKinds.map((kind) => toCandidate(`${kind}:`)) };
    }
    case 'first|last|time':
      return { kind: 'words', words: ['first', 'last'].map(toCandidate) };
    default:
      return noWords;
  }
}

/** Files that are accepted, and those that can be converted. */
async function loadFittable(): Promise<Candidates> {
  const { fittableExtensions } = await import('../../fit/formats.ts');
  return { kind: 'files', extensions: fittableExtensions };
}

function toCandidate(word: string): Candidate {
  return { word, description: '' };
}

/** The accounts that the settings name. A config file that cannot be read is skipped. */
async function listAccounts(host: Host): Promise<readonly string[]> {
  const { layers } = await gatherSettings({}, host);
  const accounts = layers
    .map(({ values }) => values.account)
    .filter((account) => typeof account === 'string')
    .filter(isAccount);
  return [...new Set(accounts)];
}

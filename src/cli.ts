import { Command, CommanderError, Help, type OutputConfiguration } from '@commander-js/extra-typings';
import type { Start } from './add-command.ts';
import { addAccounts } from './commands/accounts/command.ts';
import { addComplete } from './commands/complete/command.ts';
import { addCompletion } from './commands/completion/command.ts';
import { addConfig } from './commands/config/command.ts';
import { addDoctor } from './commands/doctor/command.ts';
import { addHelp } from './commands/help/command.ts';
import { addLogin } from './commands/login/command.ts';
import { addLogout } from './commands/logout/command.ts';
import { addSandbox } from './commands/sandbox/command.ts';
import { addUpload } from './commands/upload/command.ts';
import { ApiError, ConfigError, Interruption, isFatal, OutputError, UsageError } from './errors.ts';
import { exitCodeOfInterruption, exitCodes } from './exit-code.ts';
import type { Environment, Host, TerminalStream } from './host.ts';
import { isColoured } from './report/colours.ts';
import { formatHelpText } from './report/help-text.ts';
import { maskOutput } from './report/mask-output.ts';
import { wrapWords } from './report/wrap-words.ts';
import { version } from './version.ts';

/** Help is as wide as the terminal, within these bounds, in columns. */
const helpWidths = { min: 40, max: 100, withoutTerminal: 80 } as const;

/** With fewer columns than this, an option's description goes below the option. */
const minDescriptionWidth = 30;

/** Standard output for help and the version; opened only if it may be a terminal. */
export interface HelpOutput {
  readonly env: Environment;
  print(text: string): void;
  /** Standard output, if it is a terminal. */
  terminal(): TerminalStream | undefined;
}

/** Every command, in the order of the help. */
const commands = [
  addUpload,
  addLogin,
  addLogout,
  addAccounts,
  addConfig,
  addDoctor,
  addSandbox,
  addCompletion,
  addHelp,
  addComplete,
];

/**
 * Runs the command line and returns its exit code. Throws only errors that are bugs.
 *
 * @param argv the arguments after the program's own name
 * @param openHost called at most once, and not for help and the version: opening the streams takes longer than
 *   printing either
 */
export async function run(
  argv: readonly string[],
  openHost: (env: Environment) => Host,
  help: HelpOutput,
): Promise<number> {
  let exitCode: number = exitCodes.success;
  let host: Host | undefined;
  const env = hasNoColor(argv) ? { ...help.env, NO_COLOR: '1' } : help.env;
  const open = () => {
    host ??= maskOutput(openHost(env));
    return host;
  };
  const start: Start = async (command) => {
    exitCode = await command(open());
  };
  const program = createProgram(start, {
    writeOut: (text) => {
      const isStyled = isColoured(help.terminal(), env);
      help.print(formatHelpText(text, { width: helpWidth(help), isStyled }));
    },
    getOutHelpWidth: () => helpWidth(help),
    getErrHelpWidth: () => helpWidths.withoutTerminal,
    writeErr: (text) => open().stderr.write(text),
  });
  try {
    if (argv.length === 0) {
      program.outputHelp();
    } else {
      await program.parseAsync(argv, { from: 'user' });
    }
    return exitCode;
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === undefined) {
      throw error;
    }
    if (!(error instanceof CommanderError)) {
      await reportError(error, open());
    } else if (!isHelp(error)) {
      const { explainMistake } = await import('./explain-mistake.ts');
      await reportError(await explainMistake(error, { argv, program, cwd: open().cwd }), open());
    }
    return code;
  }
}

/** The exit code of a command that could not run; undefined for an error that is a bug. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof CommanderError) {
    // Help and the version end with an error too, whose exit code is 0.
    return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
  }
  if (error instanceof UsageError) {
    return exitCodes.usage;
  }
  if (error instanceof ConfigError) {
    return exitCodes.config;
  }
  if (error instanceof OutputError) {
    return exitCodes.failure;
  }
  if (error instanceof ApiError) {
    return isFatal(error.code) ? exitCodes.config : exitCodes.failure;
  }
  return error instanceof Interruption ? exitCodeOfInterruption(error) : undefined;
}

/** Whether commander ended the run because help or the version was printed. */
function isHelp({ exitCode, code }: CommanderError): boolean {
  return exitCode === 0 || code === 'commander.help';
}

async function reportError(error: unknown, host: Host): Promise<void> {
  const [{ reportProblem }, { StandardError }] = await Promise.all([
    import('./report/messages.ts'),
    import('./report/standard-error.ts'),
  ]);
  reportProblem(error, (await StandardError.open(host, 'normal')).messages);
}

/** Whether the arguments include `--no-color`, which means the same as NO_COLOR. */
function hasNoColor(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--no-color');
}

function helpWidth(help: HelpOutput): number {
  const columns = help.terminal()?.columns || helpWidths.withoutTerminal;
  return Math.min(Math.max(columns, helpWidths.min), helpWidths.max);
}

/** Formats an option or a command with its description beside it, or below it on a narrow terminal. */
function formatHelpItem(term: string, termWidth: number, description: string, helper: Help): string {
  const width = helper.helpWidth ?? helpWidths.withoutTerminal;
  if (width - termWidth - 4 >= minDescriptionWidth) {
    return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
  }
  return [`  ${term}`, ...wrapWords(description.split(' '), width - 6).map((line) => `      ${line}`)].join(
    '\n',
  );
}

function createProgram(start: Start, output: OutputConfiguration): Command {
  const program = new Command('dreamina')
    .description(
      'Upload images, videos and audio to Dreamina (through useapi.net) and print their references.',
    )
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureOutput({
      ...output,
      // Help is styled when it is printed. Without these, commander would inspect the terminal of the process.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      // `explainMistake` says what is wrong in our words.
      outputError: () => {},
    })
    .showSuggestionAfterError(false)
    .configureHelp({ minWidthToWrap: minDescriptionWidth, formatItem: formatHelpItem })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  dreamina upload shot.png                   print the file's reference
  dreamina upload --sandbox shot.png         try it without a token
  dreamina upload -r shots --format ndjson   a record for each file of a folder
  dreamina login                             save the token in your own config
  dreamina upload --help                     everything about upload

Token: your useapi.net API token. It is read from DREAMINA_TOKEN (or USEAPI_TOKEN)
or from a config file; \`dreamina login\` saves it in your own config.

Documentation: https://useapi.net/docs/api-dreamina-v1`,
    );
  for (const addTo of commands) {
    addTo(program, start);
  }
  return program;
}

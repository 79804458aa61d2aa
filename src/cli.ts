import { Command, CommanderError, type OutputConfiguration } from '@commander-js/extra-typings';
import type { Start } from './add-command.ts';
import { addAccounts } from './commands/accounts/command.ts';
import { addComplete } from './commands/complete/command.ts';
import { addCompletion } from './commands/completion/command.ts';
import { addConfig } from './commands/config/command.ts';
import { addDoctor } from './commands/doctor/command.ts';
import { addLogin } from './commands/login/command.ts';
import { addSandbox } from './commands/sandbox/command.ts';
import { addUpload } from './commands/upload/command.ts';
import { ApiError, ConfigError, Interruption, isFatal, OutputError, UsageError } from './errors.ts';
import { exitCodeOfInterruption, exitCodes } from './exit-code.ts';
import type { Host } from './host.ts';
import { escapeUnsafe } from './report/escape.ts';
import { maskOutput } from './report/mask-output.ts';
import { version } from './version.ts';

/** In columns, whatever the terminal has. */
const helpWidth = 80;

/** Every command, in the order of the help. */
const commands = [
  addUpload,
  addLogin,
  addAccounts,
  addConfig,
  addDoctor,
  addSandbox,
  addCompletion,
  addComplete,
];

/**
 * Runs the command line and returns its exit code. Only an error that is a bug is thrown.
 *
 * @param argv the arguments after the program's own name
 * @param openHost called at most once, and not for help and the version: opening the streams takes longer than
 *   printing either
 * @param printHelp puts help or the version on standard output
 */
export async function run(
  argv: readonly string[],
  openHost: () => Host,
  printHelp: (text: string) => void,
): Promise<number> {
  let exitCode: number = exitCodes.success;
  let host: Host | undefined;
  const open = () => (host ??= maskOutput(applyNoColor(argv, openHost())));
  const start: Start = async (command) => {
    exitCode = await command(open());
  };
  const program = createProgram(start, {
    writeOut: printHelp,
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
    // Commander has already reported its own.
    if (!(error instanceof CommanderError)) {
      await reportError(error, open());
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

async function reportError(error: unknown, host: Host): Promise<void> {
  const [{ reportProblem }, { StandardError }] = await Promise.all([
    import('./report/messages.ts'),
    import('./report/standard-error.ts'),
  ]);
  reportProblem(error, (await StandardError.open(host, 'normal')).messages);
}

/** Sets NO_COLOR where the arguments have `--no-color`. */
function applyNoColor(argv: readonly string[], host: Host): Host {
  const end = argv.indexOf('--');
  const flags = end === -1 ? argv : argv.slice(0, end);
  return flags.includes('--no-color') ? { ...host, env: { ...host.env, NO_COLOR: '1' } } : host;
}

function createProgram(start: Start, output: OutputConfiguration): Command {
  const program = new Command('dreamina')
    .description(
      'Upload images to Dreamina (through useapi.net) and print the imageRef that a video request takes.',
    )
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureOutput({
      ...output,
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
      // The help has no colours; without these, commander would look at the terminal of the process.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.split('\n').map(escapeUnsafe).join('\n')),
    })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  dreamina upload shot.png                   print the file's reference
  dreamina upload --sandbox shot.png         try it without a token
  dreamina upload -r shots --format ndjson   a record for each file of a folder
  dreamina login                             keep the token in your own config
  dreamina upload --help                     everything about upload`,
    );
  for (const addTo of commands) {
    addTo(program, start);
  }
  return program;
}

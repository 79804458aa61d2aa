import { CommanderError } from '@commander-js/extra-typings';
import type { Start } from './add-command.ts';
import { ApiError, ConfigError, Interruption, isFatal, OutputError, UsageError } from './errors.ts';
import { exitCodeOfInterruption, exitCodes } from './exit-code.ts';
import type { Environment, Host } from './host.ts';
import { addCommands, createProgram, type HelpOutput } from './program.ts';
import { maskOutput } from './report/mask-output.ts';

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
  const program = createProgram(argv[0], start, { ...help, env }, (text) => open().stderr.write(text));
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
      addCommands(program, start);
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

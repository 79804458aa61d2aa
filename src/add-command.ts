import { Argument, type Command, type CommandOptions, Option } from '@commander-js/extra-typings';
import type { Host } from './host.ts';
import { version } from './version.ts';

/** Runs a command with the host, and ends the program with the exit code that it returns. */
export type Start = (command: (host: Host) => number | Promise<number>) => Promise<void>;

/** The flags of the command that a function adds, as they were typed. */
export type FlagsOf<Add extends (...args: never[]) => unknown> =
  ReturnType<Add> extends Command<infer _Args, infer Flags, infer _Globals> ? Readonly<Flags> : never;

/** Collects the values of a flag that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** Adds a command with the flags that every command has. */
export function addCommand(program: Command, name: string, options?: CommandOptions) {
  return program
    .command(name, options)
    .version(version, '-V, --version', 'print the version')
    .option('--no-color', 'no colour, as with NO_COLOR');
}

/** `--config`, for each command that reads settings; it goes with {@link noConfigOption}. */
export function configOption() {
  return new Option('--config <file>', 'use this config file and no other').helpGroup('Settings:');
}

/** `--no-config`, for each command that reads settings. */
export function noConfigOption() {
  return new Option('--no-config', 'use no config file').helpGroup('Settings:');
}

const shells = ['bash', 'zsh', 'fish'] as const;

/** A shell with a completion script. */
export type Shell = (typeof shells)[number];

/** The shell, for both commands of completion. */
export function shellArgument() {
  return new Argument('<shell>', 'the shell to complete in').choices(shells);
}

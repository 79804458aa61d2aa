import { Argument, Command, CommanderError, Option } from 'commander';
import type { AccountsFlags } from './commands/accounts/run.ts';
import type { Shell } from './commands/completion/run.ts';
import type { ConfigFlags } from './commands/config/run.ts';
import type { DoctorFlags } from './commands/doctor/run.ts';
import type { LoginFlags } from './commands/login/run.ts';
import type { SandboxFlags } from './commands/sandbox/run.ts';
import type { UploadFlags } from './commands/upload/run.ts';
import { exitCodeOf } from './exit-code.ts';
import type { Host } from './host.ts';
import { escapeUnsafe } from './report/escape.ts';
import { maskOutput } from './report/mask-output.ts';
import { resultFormats } from './report/result-writer.ts';
import { defaults } from './settings/defaults.ts';
import { version } from './version.ts';

/** Runs the command line and returns its exit code; the only place where an error becomes one. */
export async function run(given: Host): Promise<number> {
  const host = maskOutput(heedNoColor(given));
  let exitCode = 0;
  const program = createProgram(host, (code) => {
    exitCode = code;
  });
  try {
    if (host.argv.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync(host.argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are no errors; anything else commander throws is one of usage, which it has told already.
      return error.exitCode === 0 ? 0 : 2;
    }
    const code = exitCodeOf(error);
    if (code === undefined) {
      throw error;
    }
    await tell(error, host);
    return code;
  }
}

async function tell(error: unknown, host: Host): Promise<void> {
  const [{ reportProblem }, { StandardError }] = await Promise.all([
    import('./report/messages.ts'),
    import('./report/standard-error.ts'),
  ]);
  reportProblem(error, (await StandardError.open(host, 'normal')).messages);
}

/** `--no-color` is NO_COLOR by another name, for every command. */
function heedNoColor(host: Host): Host {
  const end = host.argv.indexOf('--');
  const flags = end === -1 ? host.argv : host.argv.slice(0, end);
  // Not a copy, which would open standard input.
  return flags.includes('--no-color')
    ? Object.create(host, { env: { value: { ...host.env, NO_COLOR: '1' } } })
    : host;
}

function createProgram(host: Host, exitWith: ExitWith): Command {
  const program = new Command('dreamina')
    .description(
      'Upload images to Dreamina (through useapi.net) and print the imageRef that a video request takes.',
    )
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureOutput({
      writeOut: host.printHelp,
      writeErr: (text) => host.stderr.write(text),
      getOutHelpWidth: () => helpWidth(host.helpColumns),
      getErrHelpWidth: () => helpWidth(host.stderr.columns),
      // It has no colours, and commander would ask the real streams whether it may.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.split('\n').map(escapeUnsafe).join('\n')),
    })
    .configureHelp({
      // Their flags and arguments wait until they are asked for, see `define`.
      subcommandTerm: (command) =>
        `${command.name()} [options] ${subcommands[command.name()]?.argument ?? ''}`.trimEnd(),
    })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  dreamina upload shot.png                   print the image's reference
  dreamina upload --sandbox shot.png         try it without a token
  dreamina upload -r shots --format ndjson   a record for each image of a folder
  dreamina login                             keep the token in your own config
  dreamina upload --help                     everything about upload`,
    );
  for (const [name, { summary, isHidden = false }] of Object.entries(subcommands)) {
    program.command(name, { hidden: isHidden }).summary(summary);
  }
  program.hook('preSubcommand', (_program, command) => define(command, host, exitWith));
  return program;
}

type ExitWith = (code: number) => void;

/** One command: what the help of the program says of it, and what is added to that once it is asked for. */
interface Subcommand {
  readonly summary: string;
  /** What stands behind its flags, if anything. */
  readonly argument?: string;
  readonly isHidden?: boolean;
  readonly define: (command: Command, host: Host, exitWith: ExitWith) => void;
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  upload: {
    summary: 'upload images, print one imageRef per file',
    argument: '[files...]',
    define: defineUpload,
  },
  login: {
    summary: 'ask for the token, check it, and keep it in your own config',
    define: defineLogin,
  },
  accounts: {
    summary: 'list the accounts that are configured under the token',
    define: defineAccounts,
  },
  config: {
    summary: 'print every setting and where it came from',
    define: defineConfig,
  },
  doctor: {
    summary: 'look for what keeps uploads from working',
    define: defineDoctor,
  },
  sandbox: {
    summary: 'run a local stand-in of the API until interrupted',
    define: defineSandbox,
  },
  completion: {
    summary: 'print a completion script for bash, zsh or fish',
    argument: '<shell>',
    define: defineCompletion,
  },
  // What the scripts ask; not for people.
  'complete-accounts': {
    summary: '',
    isHidden: true,
    define: defineCompleteAccounts,
  },
};

function define(command: Command, host: Host, exitWith: ExitWith): void {
  command
    .version(version, '-V, --version', 'print the version')
    .option('--no-color', 'no colour, as with NO_COLOR');
  subcommands[command.name()]!.define(command, host, exitWith);
}

function defineUpload(command: Command, host: Host, exitWith: ExitWith): void {
  command
    .argument('[files...]', 'paths, globs, directories with -r, or - for one image on standard input')
    .description(
      'Uploads JPEG, PNG and WebP images and prints one imageRef per file, in the order of the files.',
    )
    .optionsGroup('Which files:')
    .option('--files-from <file>', 'read paths from a file, one a line; - for standard input')
    .option('-0, --null', 'the paths of --files-from end in NUL bytes')
    .option('-r, --recursive', 'descend into directories for .jpg, .jpeg, .png and .webp files')
    .optionsGroup('How to send them:')
    .option('-a, --account <REGION:email>', 'the account they are uploaded to')
    .option('-c, --concurrency <n>', `uploads in flight, 1-64 (default: ${defaults.concurrency})`)
    .option('--retries <n>', `tries after the first, 0-20 (default: ${defaults.retries})`)
    .option(
      '--timeout <duration>',
      `longest wait without progress, as 90s or 2m (default: ${defaults.timeout}s)`,
    )
    .option('--manifest <file>', 'remember references here, and send nothing twice')
    .option('--max-age <duration>', 'ignore what the manifest remembers longer than 90m, 12h, 7d')
    .option('--fail-fast', 'stop at the first failure')
    .option('--dry-run', 'check everything, send nothing')
    .option('--sandbox', 'upload to a stand-in in this process: no token, no network')
    .optionsGroup('What to print:')
    .addOption(
      new Option('--format <format>', 'form of the results (default: text)').choices([...resultFormats]),
    )
    .option('--json', 'short for --format json')
    .option('-q, --quiet', 'only errors')
    .option('-v, --verbose', 'each request and retry')
    .option('--no-progress', 'no progress on the terminal')
    .option('--no-annotations', 'in GitHub Actions: no annotations, no step summary')
    .optionsGroup('Settings:')
    .option('--config <file>', 'use this config file and no other')
    .option('--no-config', 'use no config file')
    .addHelpText(
      'after',
      `
Examples:
  dreamina upload shot.png
  dreamina upload first.png last.png --format frames
  dreamina upload 'shots/*.png' -c 8 --format ndjson > refs.ndjson
  magick shot.tiff png:- | dreamina upload -
  find . -name '*.png' -print0 | dreamina upload --files-from - -0

Exit codes: 0 every file has a reference, 1 none has, 2 usage, 3 some have,
4 token, account or config, 130/143 interrupted.`,
    )
    .action(async (files: string[], flags: UploadFlags) => {
      const { upload } = await import('./commands/upload/run.ts');
      exitWith(await upload(files, flags, host));
    });
}

function defineLogin(command: Command, host: Host, exitWith: ExitWith): void {
  addConfigFlags(
    command
      .description(
        'Asks for the token without showing it, has the service check it, lets you pick the account, and writes both into your own config file, which only you can read.',
      )
      .optionsGroup('What to write:')
      .option('-a, --account <REGION:email>', 'the account, where there are several')
      .option('--with-token', 'read the token from standard input, without asking'),
  )
    .addHelpText(
      'after',
      `
Examples:
  dreamina login
  dreamina login --with-token < token.txt
  pass useapi | dreamina login --with-token -a US:name@example.com

Exit codes: 0 written, 1 the service has a problem, 2 usage, 4 token, account or
config. But for 0, nothing is written.`,
    )
    .action(async (flags: LoginFlags) => {
      const { login } = await import('./commands/login/run.ts');
      exitWith(await login(flags, host));
    });
}

function defineAccounts(command: Command, host: Host, exitWith: ExitWith): void {
  addConfigFlags(
    command
      .description('Lists the accounts under the token, and when the session of each expires.')
      .optionsGroup('What to print:')
      .option('--json', 'an array with an object for each account')
      .option('-v, --verbose', 'the request too'),
  )
    .addHelpText(
      'after',
      `
Examples:
  dreamina accounts
  dreamina accounts --json | jq -r '.[].account'

Exit codes: 0 listed, 1 the service has a problem, 2 usage, 4 token or config.`,
    )
    .action(async (flags: AccountsFlags) => {
      const { accounts } = await import('./commands/accounts/run.ts');
      exitWith(await accounts(flags, host));
    });
}

function defineConfig(command: Command, host: Host, exitWith: ExitWith): void {
  addConfigFlags(
    command
      .description(
        'Prints every setting and where it came from, the config files, the proxy and the certificates. Of the token it shows only that it is set.',
      )
      .optionsGroup('What to print:')
      .option('--json', 'one object'),
  )
    .addHelpText(
      'after',
      `
Examples:
  dreamina config
  dreamina config --json | jq -r .settings.account.value

Exit codes: 0 all is right, 2 usage, 4 something is wrong.`,
    )
    .action(async (flags: ConfigFlags) => {
      const { config } = await import('./commands/config/run.ts');
      exitWith(await config(flags, host));
    });
}

function defineDoctor(command: Command, host: Host, exitWith: ExitWith): void {
  addConfigFlags(
    command
      .description('Checks everything that an upload needs, and says what to do about what is wrong.')
      .optionsGroup('What to print:')
      .option('--json', 'an array with an object for each check'),
  )
    .addHelpText(
      'after',
      `
Examples:
  dreamina doctor
  dreamina doctor --json | jq '.[] | select(.status == "problem")'

Exit codes: 0 no problem, 1 a problem, 2 usage, 4 a problem with the token, the
account or the config. Warnings do not count.`,
    )
    .action(async (flags: DoctorFlags) => {
      const { doctor } = await import('./commands/doctor/run.ts');
      exitWith(await doctor(flags, host));
    });
}

function addConfigFlags(command: Command): Command {
  return command
    .optionsGroup('Settings:')
    .option('--config <file>', 'use this config file and no other')
    .option('--no-config', 'use no config file');
}

function defineSandbox(command: Command, host: Host, exitWith: ExitWith): void {
  command
    .description(
      'Runs a stand-in of the API on 127.0.0.1 and prints the environment that points dreamina at it.',
    )
    .option('--port <n>', 'where to listen (default: a free port)')
    .addOption(
      new Option(
        '--api <revision>',
        'how answers name the reference: imageRef, assetRef or both (default: both)',
      ).choices(['legacy', 'current', 'both']),
    )
    .option('--latency <ms>', 'wait before each answer')
    .option(
      '--fault <kind:amount>',
      'misbehave, again and again: 429:0.3 is three uploads in ten, reset:2 the first two',
      (fault: string, faults: readonly string[] = []) => [...faults, fault],
    )
    .option('--seed <n>', 'makes faults repeatable (default: 1)')
    .option('-q, --quiet', 'do not list the requests')
    .addHelpText(
      'after',
      `
Examples:
  dreamina sandbox --port 8080
  dreamina sandbox --fault 429:0.2 --fault reset:3 --latency 200`,
    )
    .action(async (flags: SandboxFlags) => {
      const { sandbox } = await import('./commands/sandbox/run.ts');
      exitWith(await sandbox(flags, host));
    });
}

function defineCompletion(command: Command, host: Host, exitWith: ExitWith): void {
  command
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']))
    .description('Prints a script that completes commands, flags, accounts and image files in your shell.')
    .showHelpAfterError('  Try: source <(dreamina completion bash); for zsh and fish see --help.')
    .addHelpText(
      'after',
      `
To install it:
  bash  source <(dreamina completion bash)     (a line for ~/.bashrc)
  zsh   dreamina completion zsh > "\${fpath[1]}/_dreamina"
  fish  dreamina completion fish > ~/.config/fish/completions/dreamina.fish`,
    )
    .action(async (shell: Shell) => {
      const { completion } = await import('./commands/completion/run.ts');
      const program = createProgram(host, exitWith);
      for (const it of program.commands) {
        define(it, host, exitWith);
      }
      exitWith(completion(shell, program, host));
    });
}

function defineCompleteAccounts(command: Command, host: Host, exitWith: ExitWith): void {
  command.action(async () => {
    const { completeAccounts } = await import('./commands/complete/run.ts');
    exitWith(await completeAccounts(host));
  });
}

const widestHelp = 80;

function helpWidth(columns: number | undefined): number {
  return Math.min(columns || widestHelp, widestHelp);
}

import { Command, Help } from '@commander-js/extra-typings';
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
import type { Environment, TerminalStream } from './host.ts';
import { isColoured } from './report/colours.ts';
import { formatHelpText } from './report/help-text.ts';
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
const commands: Readonly<Record<string, (program: Command, start: Start) => unknown>> = {
  upload: addUpload,
  login: addLogin,
  logout: addLogout,
  accounts: addAccounts,
  config: addConfig,
  doctor: addDoctor,
  sandbox: addSandbox,
  completion: addCompletion,
  help: addHelp,
  complete: addComplete,
};

/** Commands that need all the others. */
const needAll = ['help', 'complete'];

/**
 * Creates the command line with only the commands that it needs: declaring the flags of all takes Node some
 * milliseconds.
 *
 * @param word the first argument
 * @param printError prints the help that a mistake on the command line calls for
 */
export function createProgram(
  word: string | undefined,
  start: Start,
  help: HelpOutput,
  printError: (text: string) => void,
): Command {
  const program = new Command('dreamina')
    .description(
      'Upload images, videos and audio to Dreamina (through useapi.net) and print their references.',
    )
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => {
        const isStyled = isColoured(help.terminal(), help.env);
        help.print(formatHelpText(text, { width: helpWidth(help), isStyled }));
      },
      getOutHelpWidth: () => helpWidth(help),
      writeErr: printError,
      getErrHelpWidth: () => helpWidths.withoutTerminal,
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
  if (word !== undefined && Object.hasOwn(commands, word) && !needAll.includes(word)) {
    commands[word]!(program, start);
  } else if (word !== '--version' && word !== '-V') {
    addCommands(program, start);
  }
  return program;
}

/** Adds the commands that a program does not have yet. */
export function addCommands(program: Command, start: Start): void {
  for (const [name, addTo] of Object.entries(commands)) {
    if (!program.commands.some((command) => command.name() === name)) {
      addTo(program, start);
    }
  }
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

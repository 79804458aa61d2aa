import { type Command, Option } from '@commander-js/extra-typings';
import { addCommand, collect, type FlagsOf, type Start } from '../../add-command.ts';
import type { FaultKind } from '../../sandbox/faults.ts';

/** What each fault does, for the help, which must not load the sandbox. */
const faults: Readonly<Record<FaultKind, string>> = {
  '429': 'is at capacity',
  '500': 'has an internal error',
  '502-html': 'answers with an HTML page, as a proxy would',
  '596': "says that the account's session has expired",
  reset: 'closes the connection while the file is being sent',
  'reset-after-body': 'takes the file and closes without an answer',
  slow: 'takes 30 seconds to answer',
  'truncated-json': 'cuts its answer short',
  'early-401': 'refuses the token before it has read the file',
};

const listedFaults = Object.entries(faults)
  .map(([kind, effect]) => `  ${kind.padEnd('reset-after-body'.length)}  ${effect}\n`)
  .join('');

/** Adds `dreamina sandbox`. */
export function addSandbox(program: Command, start: Start) {
  return addCommand(program, 'sandbox')
    .summary('run a local stand-in for the API until interrupted')
    .description(
      'Runs a stand-in for the API on 127.0.0.1 and prints the environment variables that make dreamina use it.',
    )
    .option('--port <n>', 'where to listen (default: a free port)')
    .addOption(
      new Option(
        '--api <revision>',
        'how answers name the reference: imageRef, assetRef or both (default: both)',
      ).choices(['legacy', 'current', 'both'] as const),
    )
    .option('--latency <ms>', 'wait before each answer')
    .option(
      '--fault <kind:amount>',
      'simulate a failure: 429:0.3 fails 30% of uploads, reset:2 the first two; may be repeated',
      collect,
    )
    .option('--seed <n>', 'makes faults repeatable (default: 1)')
    .option('-q, --quiet', 'do not list the requests')
    .addHelpText(
      'after',
      `
Faults:
${listedFaults}
Examples:
  dreamina sandbox --port 8080
  dreamina sandbox --fault 429:0.2 --fault reset:3 --latency 200`,
    )
    .action(async (flags) => {
      const { runSandbox } = await import('./run.ts');
      await start((host) => runSandbox(flags, host));
    });
}

export type SandboxFlags = FlagsOf<typeof addSandbox>;

import { homedir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './cli.ts';
import { type Host, Interruption } from './host.ts';

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** How long an interrupted run may take to print what is settled. */
const graceMs = 700;

/** Runs the command in this process. The only place that touches `process`. */
async function main(): Promise<void> {
  // Should the event loop run dry in the middle of the work, that is no success.
  process.exitCode = 1;
  const interruption = new AbortController();
  for (const [signal, number] of Object.entries(signalNumbers)) {
    process.on(signal, () => {
      if (interruption.signal.aborted) {
        process.exit(128 + number);
      }
      interruption.abort(new Interruption(signal as keyof typeof signalNumbers));
      // A reader that has stopped reading must not keep us.
      setTimeout(() => process.exit(128 + number), graceMs).unref();
    });
  }
  // A reader that went away ends the run; without listeners either stream would end it with a stack trace.
  process.stdout.on('error', () => interruption.abort(new Interruption('stdout-closed')));
  process.stderr.on('error', () => {});

  const host: Host = {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    homeDir: homedir(),
    platform: process.platform,
    nodeVersion: process.version,
    scriptPath: process.argv[1],
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interruption.signal,
    clock: {
      now: Date.now,
      sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
    },
    random: Math.random,
  };
  process.exitCode = await run(host);
  if (interruption.signal.aborted) {
    // Something may still hold the event loop, such as a pipe that nobody writes to; what was printed goes out first.
    process.stdout.write('', () => process.exit());
  }
}

await main();

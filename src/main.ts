import { fstatSync, statSync, writeSync } from 'node:fs';
import { devNull, homedir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './cli.ts';
import { Interruption } from './errors.ts';
import type { Host } from './host.ts';
import { once } from './once.ts';
import { Secrets } from './secrets.ts';

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
  // Node sets a stream up when it is first asked for, and that takes as long as reading a program: both wait until
  // there is something to print. Without a listener for errors, a reader that went away would end the run with a
  // stack trace; one that leaves standard output ends it properly.
  const openStdout = once(() =>
    process.stdout.on('error', () => interruption.abort(new Interruption('stdout-closed'))),
  );
  const openStderr = once(() => process.stderr.on('error', () => {}));

  const host: Host = {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    get homeDir() {
      return homedir();
    },
    platform: process.platform,
    nodeVersion: process.version,
    scriptPath: process.argv[1],
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return openStdout();
    },
    get stderr() {
      return openStderr();
    },
    printHelp: (text) => {
      try {
        writeSync(1, text);
      } catch {
        // A pipe that is full or that nobody reads: a stream knows what to do.
        openStdout().write(text);
      }
    },
    get helpColumns() {
      return mayBeTerminal() ? openStdout().columns : undefined;
    },
    secrets: new Secrets(),
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

/** Whether standard output may be a terminal; only the stream, once set up, knows for certain. */
function mayBeTerminal(): boolean {
  const output = fstatSync(1);
  return (
    output.isCharacterDevice() && (process.platform === 'win32' || output.rdev !== statSync(devNull).rdev)
  );
}

void main();

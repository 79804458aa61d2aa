import { writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './cli.ts';
import { Interruption } from './errors.ts';
import type { Host } from './host.ts';
import { Secrets } from './secrets.ts';

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** How long an interrupted run may take to print what is settled. */
const graceMs = 700;

/** Runs the command in this process. The only place that touches `process`. */
async function main(): Promise<void> {
  // A run whose event loop runs dry in the middle of the work has failed.
  process.exitCode = 1;
  const interruption = new AbortController();
  for (const [signal, number] of Object.entries(signalNumbers)) {
    process.on(signal, () => {
      if (interruption.signal.aborted) {
        process.exit(128 + number);
      }
      interruption.abort(new Interruption(signal as keyof typeof signalNumbers));
      // Do not wait for a reader that has stopped reading.
      setTimeout(() => process.exit(128 + number), graceMs).unref();
    });
  }
  const openHost = () => createHost(interruption);
  process.exitCode = await run(process.argv.slice(2), openHost, (text) => {
    try {
      writeSync(1, text);
    } catch {
      // A pipe that is full, or that nobody reads.
      openHost().stdout.write(text);
    }
  });
  if (interruption.signal.aborted) {
    // Flush the output, then exit: an open pipe on standard input may still hold the event loop.
    process.stdout.write('', () => process.exit());
  }
}

function createHost(interruption: AbortController): Host {
  // Without these listeners, a reader that goes away would end the run with a stack trace.
  process.stdout.on('error', () => interruption.abort(new Interruption('stdout-closed')));
  process.stderr.on('error', () => {});
  return {
    env: process.env,
    cwd: process.cwd(),
    homeDir: findHomeDir(),
    platform: process.platform,
    userId: process.geteuid?.(),
    nodeVersion: process.version,
    scriptPath: process.argv[1],
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    secrets: new Secrets(),
    signal: interruption.signal,
    clock: {
      now: Date.now,
      sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
    },
    random: Math.random,
  };
}

/** The home directory; empty where there is none, as for a user id that the system does not know. */
function findHomeDir(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

void main();

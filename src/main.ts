import { createReadStream, fstatSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, devNull, homedir, tmpdir } from 'node:os';
import { findCwd } from './absolute-path.ts';
import { run } from './cli.ts';
import { describeErrno } from './errno.ts';
import { Interruption, OutputError } from './errors.ts';
import { exitCodes } from './exit-code.ts';
import type { Environment, Host, TerminalStream } from './host.ts';
import { isReaderGone } from './report/write-output.ts';
import { Secrets } from './secrets.ts';
import { systemClock } from './system-clock.ts';

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** How long an interrupted run may take to print settled records. */
const graceMs = 800;

/** Runs the command in this process. No other file of the command reads `process`. */
async function main(): Promise<void> {
  // If the event loop empties before the work is done, the run has failed.
  process.exitCode = exitCodes.failure;
  const interruption = new AbortController();
  for (const signal of signals) {
    process.on(signal, () => {
      if (interruption.signal.aborted) {
        endAtOnce(signal);
      }
      interruption.abort(new Interruption(signal));
      // Do not wait for a reader that has stopped reading.
      setTimeout(() => endAtOnce(signal), graceMs).unref();
    });
  }
  const openHost = (env: Environment) => createHost(interruption, env);
  process.exitCode = await run(process.argv.slice(2), openHost, {
    env: process.env,
    print: (text) => printHelp(text, () => openHost(process.env)),
    terminal: () => (mayBeTerminal() && process.stdout.isTTY ? process.stdout : undefined),
  });
  if (interruption.signal.aborted) {
    // Flush the output, then exit: an open pipe on standard input may still hold the event loop.
    process.stdout.write('', exitWhenIdle);
  }
}

function createHost(interruption: AbortController, env: Environment): Host {
  const stdout = createStdout();
  // Without these listeners, a closed pipe would end the run with a stack trace.
  stdout.on('error', (error) => {
    if (isReaderGone(error)) {
      interruption.abort(new Interruption('stdout-closed'));
    }
  });
  process.stderr.on('error', () => {});
  let stdin: Host['stdin'] | undefined;
  return {
    env,
    cwd: findCwd(),
    homeDir: findHomeDir(),
    platform: process.platform,
    tempDir: tmpdir(),
    userId: process.geteuid?.(),
    cores: availableParallelism(),
    nodeVersion: process.version,
    scriptPath: process.argv[1],
    // Opened when it is first read, which takes Node some milliseconds.
    get stdin() {
      stdin ??= isDirectory(0) ? createReadStream('', { fd: 0 }) : process.stdin;
      return stdin;
    },
    stdout,
    stderr: process.stderr,
    secrets: new Secrets(),
    loadJob: async () => (await import('./job.ts')).createJob(process),
    signal: interruption.signal,
    clock: systemClock,
    random: Math.random,
  };
}

/** @throws OutputError if standard output cannot be written */
function printHelp(text: string, openHost: () => Host): void {
  let rest = Buffer.from(text);
  try {
    while (rest.length > 0) {
      rest = rest.subarray(writeSync(1, rest));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
      // The pipe is full: the stream waits until there is room.
      openHost().stdout.write(rest);
    } else if (!isReaderGone(error as NodeJS.ErrnoException)) {
      throw new OutputError(describeErrno(error));
    }
  }
}

/** Creates standard output. Node's own stream loses the rest of a write that a file accepts only in part. */
function createStdout(): TerminalStream {
  if (!fstatSync(1).isFile()) {
    return process.stdout;
  }
  // Not imported above: loading streams takes longer than printing help or the version.
  const { Writable } = process.getBuiltinModule('node:stream');
  return new Writable({
    write: (chunk, _encoding, done) => {
      try {
        writeFileSync(1, chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/** Whether a descriptor is open on a folder, which Node's own standard input takes for an empty one. */
function isDirectory(fd: number): boolean {
  try {
    return fstatSync(fd).isDirectory();
  } catch {
    return false;
  }
}

/** The home directory; empty if there is none, as for an unknown user ID. */
function findHomeDir(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** Ends the process once no thread is reading or writing; `process.exit` would block until then. */
function exitWhenIdle(): void {
  if (areThreadsBusy()) {
    setTimeout(exitWhenIdle, 10);
  } else {
    process.exit();
  }
}

/** Ends the process at once. */
function endAtOnce(signal: (typeof signals)[number]): void {
  if (areThreadsBusy()) {
    // A thread may hang, for example in opening a file on a dead disk. The default action of the signal waits for no
    // thread.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exit(exitCodes[signal]);
  }
}

function areThreadsBusy(): boolean {
  return process.getActiveResourcesInfo().some((type) => /^(FSReq|GetAddrInfoReq)/.test(type));
}

/** Whether standard output may be a terminal: to know, Node opens the stream, which takes longer than printing help. */
function mayBeTerminal(): boolean {
  const output = fstatSync(1);
  return (
    output.isCharacterDevice() && (process.platform === 'win32' || output.rdev !== statSync(devNull).rdev)
  );
}

void main();

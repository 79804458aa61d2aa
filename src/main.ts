import { fstatSync, statSync, writeFileSync } from 'node:fs';
import { devNull, homedir } from 'node:os';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './cli.ts';
import { describeErrno } from './errno.ts';
import { Interruption, OutputError } from './errors.ts';
import type { Host, TerminalStream } from './host.ts';
import { once } from './once.ts';
import { isReaderGone } from './report/write-output.ts';
import { Secrets } from './secrets.ts';

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** How long an interrupted run may take to end by itself. */
const graceMs = 800;

/** Runs the command in this process. The only place that touches `process`. */
async function main(): Promise<void> {
  // Should the event loop run dry in the middle of the work, that is no success.
  process.exitCode = 1;
  const interruption = new AbortController();
  for (const signal of Object.keys(signalNumbers)) {
    process.on(signal, () => {
      const end = () => endAtOnce(signal as keyof typeof signalNumbers);
      if (interruption.signal.aborted) {
        end();
      }
      interruption.abort(new Interruption(signal as keyof typeof signalNumbers));
      // A reader that has stopped reading must not keep us.
      setTimeout(end, graceMs).unref();
    });
  }
  // Node sets a stream up when it is first asked for, and that takes as long as reading a program: both wait until
  // there is something to print. Without a listener for errors, a reader that went away would end the run with a
  // stack trace; one that leaves standard output ends it properly.
  const openStdout = once(() =>
    createStdout().on('error', (error) => {
      if (isReaderGone(error)) {
        interruption.abort(new Interruption('stdout-closed'));
      }
    }),
  );
  const openStderr = once(() => process.stderr.on('error', () => {}));

  const host: Host = {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: findCwd(),
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
        writeFileSync(1, text);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
          // A pipe that is full: the stream waits until there is room.
          openStdout().write(text);
        } else if (!isReaderGone(error as NodeJS.ErrnoException)) {
          throw new OutputError(describeErrno(error));
        }
      }
    },
    get helpColumns() {
      return mayBeTerminal() ? openStdout().columns : undefined;
    },
    secrets: new Secrets(),
    signal: interruption.signal,
    clock: {
      epochMs: Date.now,
      monotonicMs: () => performance.now(),
      sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
    },
    random: Math.random,
  };
  process.exitCode = await run(host);
  if (interruption.signal.aborted) {
    // Something may still hold the event loop, such as a pipe that nobody writes to; what was printed goes out first.
    openStdout().write('', exitWhenIdle);
  }
}

/** Ends the process once no thread reads or writes any more; `process.exit` would wait for it, and let nothing else run. */
function exitWhenIdle(): void {
  if (areThreadsBusy()) {
    setTimeout(exitWhenIdle, 10);
  } else {
    process.exit();
  }
}

/** Ends the process whatever it does. */
function endAtOnce(signal: keyof typeof signalNumbers): void {
  if (areThreadsBusy()) {
    // A thread may hang, in opening a file of a dead disk for example. The signal itself waits for no thread.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exit(128 + signalNumbers[signal]);
  }
}

function areThreadsBusy(): boolean {
  return process.getActiveResourcesInfo().some((type) => /^(FSReq|GetAddrInfoReq)/.test(type));
}

/** Standard output. Into a file, Node's own stream would drop the rest of a write that the disk takes only in part. */
function createStdout(): TerminalStream {
  return fstatSync(1).isFile()
    ? new Writable({
        write: (chunk, _encoding, done) => {
          try {
            writeFileSync(1, chunk);
            done();
          } catch (error) {
            done(error as Error);
          }
        },
      })
    : process.stdout;
}

/** The working directory; undefined where it was deleted, or may not be entered. */
function findCwd(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
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

import { availableParallelism, tmpdir } from 'node:os';
import { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../../src/cli.ts';
import type { Clock, Environment, Host, Job } from '../../src/host.ts';
import { Secrets } from '../../src/secrets.ts';
import { tempDir } from './temp-dir.ts';

/** What a run in this process printed and how it ended. */
export interface CliResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** Standard output as JSON. */
  json<Value = unknown>(): Value;
  /** Standard output as lines. */
  readonly lines: readonly string[];
  /** The waits that the run asked for, in milliseconds; none of them took any time. */
  readonly sleeps: readonly number[];
}

/** The environment that a run sees, without anything from the real one. */
export interface World {
  readonly env?: Environment;
  /** Default: the home directory; undefined if the working directory is gone. */
  readonly cwd?: string | undefined;
  readonly stdin?: string | Uint8Array | Readable;
  readonly signal?: AbortSignal;
  readonly random?: () => number;
  readonly platform?: NodeJS.Platform;
  readonly userId?: number;
  readonly nodeVersion?: string;
  readonly scriptPath?: string;
  /** Milliseconds since the Unix epoch at the start; sleeping advances them. */
  readonly now?: number;
  /** Default: one in which only sleeping takes time, and whose sleeps end at once. */
  readonly clock?: Clock;
  readonly homeDir?: string;
  readonly tempDir?: string;
  /** The shell's job that the run is in; with it, standard error is a terminal. */
  readonly job?: Job;
  /** The width of the terminal on which help is printed; without it, help is printed to a pipe. */
  readonly helpColumns?: number;
  /** Called with each piece of standard output; a returned promise delays the writer, or fails the write. */
  readonly onStdout?: (text: string) => void | Promise<void>;
  readonly onStderr?: (text: string) => void;
}

/** Runs the whole command line in this process. Time passes only by sleeping, and sleeping takes none. */
export async function runCli(argv: readonly string[], world: World = {}): Promise<CliResult> {
  const home = world.homeDir ?? (await tempDir());
  const sleeps: number[] = [];
  let now = world.now ?? Date.now();
  const stdout = collector(world.onStdout);
  const stderr = collector(world.onStderr);
  const host: Host = {
    env: world.env ?? {},
    cwd: 'cwd' in world ? world.cwd : home,
    homeDir: home,
    platform: world.platform ?? process.platform,
    tempDir: world.tempDir ?? tmpdir(),
    userId: world.userId ?? process.geteuid?.(),
    cores: availableParallelism(),
    nodeVersion: world.nodeVersion ?? process.version,
    scriptPath: world.scriptPath,
    stdin:
      world.stdin instanceof Readable
        ? world.stdin
        : Readable.from(world.stdin === undefined ? [] : [Buffer.from(world.stdin)]),
    stdout,
    stderr: Object.assign(stderr, { isTTY: world.job !== undefined }),
    signal: world.signal ?? new AbortController().signal,
    clock: world.clock ?? {
      epochMs: () => now,
      monotonicMs: () => now,
      // A turn of the event loop, so that other ready callbacks run first, as in a real run.
      sleep: async (ms, signal) => {
        if (!signal.aborted) {
          sleeps.push(ms);
          const until = now + ms;
          await delay(0);
          now = Math.max(now, until);
        }
      },
    },
    secrets: new Secrets(),
    loadJob: async () => {
      if (world.job === undefined) {
        throw new Error('its streams are no terminal, so nothing is drawn');
      }
      return world.job;
    },
    random: world.random ?? (() => 0.5),
  };
  const exitCode = await run(argv, (env) => ({ ...host, env }), {
    env: host.env,
    print: (text) => stdout.write(text),
    terminal: () =>
      world.helpColumns === undefined ? undefined : Object.assign(stdout, { columns: world.helpColumns }),
  });
  return {
    stdout: stdout.text(),
    stderr: stderr.text(),
    exitCode,
    json: <Value>() => JSON.parse(stdout.text()) as Value,
    get lines() {
      return stdout.text().split('\n').slice(0, -1);
    },
    sleeps,
  };
}

function collector(onText?: (text: string) => void | Promise<void>): Writable & { text(): string } {
  let collected = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      collected += chunk.toString();
      const pause = onText?.(chunk.toString());
      if (pause === undefined) {
        done();
      } else {
        pause.then(() => done(), done);
      }
    },
  });
  // As in the command: without it, a failed write would throw where nobody can catch it.
  stream.on('error', () => {});
  return Object.assign(stream, { text: () => collected });
}

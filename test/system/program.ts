import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/** The path of a program that these tests need. */
export async function findProgram(name: string): Promise<string> {
  // Debian installs servers in folders that only the PATH of root includes.
  for (const folder of [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) {
      return path;
    }
  }
  throw new Error(`${name} is not installed; the system tests need it: .ci/run installs what they use`);
}

/** Runs a program to its end; if it fails, rejects with its output. */
export async function runProgram(name: string, args: readonly string[], cwd: string): Promise<void> {
  await run(await findProgram(name), [...args], { cwd });
}

/** Starts a server in the foreground, waits until it listens, and ends it with the test. */
export async function startServer(name: string, args: readonly string[], port: number): Promise<void> {
  const server = spawn(await findProgram(name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(server, 'close');
  onTestFinished(async () => {
    server.kill('SIGTERM');
    await ended;
  });
  while (!(await isListening(port))) {
    if (hasEnded(server)) {
      throw new Error(`${name} did not start: ${output}`);
    }
    await delay(10);
  }
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

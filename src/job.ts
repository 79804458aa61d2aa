import { execFileSync } from 'node:child_process';
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Job } from './host.ts';

/** Creates the job of this process. */
export function createJob(process: NodeJS.Process): Job {
  return {
    isForeground: () => isForeground(process),
    hasFilterOnTerminal: () => hasFilterOnTerminal(process),
    onSuspend: (listener) => onSuspend(process, listener),
  };
}

function isForeground({ platform, pid }: NodeJS.Process): boolean {
  try {
    switch (platform) {
      case 'linux': {
        const { group, foregroundGroup } = readStatus('self');
        // 0 or less: there is no terminal, or its shell is in another container.
        return foregroundGroup <= 0 || foregroundGroup === group;
      }
      case 'win32':
        return true;
      default:
        return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).includes('+');
    }
  } catch {
    return true;
  }
}

function hasFilterOnTerminal({ platform, pid }: NodeJS.Process): boolean {
  if (!fstatSync(1).isFIFO()) {
    return false;
  }
  if (platform !== 'linux') {
    // Unknown on this system. Assume a filter: results on the same line as progress are worse than no progress.
    return true;
  }
  const { group } = readStatus('self');
  const others = readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0 && other !== pid && runsInGroup(other, group))
    .map((other) => ({ other, input: readFileLink(other, 0) }));
  // The files of another user's process, such as `sudo tee`, cannot be listed.
  if (others.some(({ input }) => input === undefined)) {
    return true;
  }
  const terminals = [readFileLink('self', 2), '/dev/tty'];
  const reached = new Set([readFileLink('self', 1)]);
  // The set grows during the loop: each filter adds what it writes to.
  for (const pipe of reached) {
    const filters = others.filter(({ input }) => input === pipe);
    for (const output of filters.flatMap(({ other }) => readOutputs(other))) {
      reached.add(output);
    }
  }
  return terminals.some((terminal) => reached.has(terminal));
}

/** The open files of a process, except standard input and standard error: filters write no results there. */
function readOutputs(pid: number): readonly (string | undefined)[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .map(Number)
      .filter((descriptor) => descriptor !== 0 && descriptor !== 2)
      .map((descriptor) => readFileLink(pid, descriptor));
  } catch {
    // The process has ended since it was listed.
    return [];
  }
}

function runsInGroup(pid: number, group: number): boolean {
  try {
    const status = readStatus(pid);
    return status.group === group && status.state !== 'Z';
  } catch {
    // The process has ended since it was listed.
    return false;
  }
}

interface ProcessStatus {
  /** `Z` for a zombie. */
  readonly state: string | undefined;
  /** The process group. */
  readonly group: number;
  /** The process group that has the terminal. */
  readonly foregroundGroup: number;
}

/** Reads proc_pid_stat(5). */
function readStatus(pid: number | 'self'): ProcessStatus {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program may hold spaces and brackets.
  const [state, , group, , , foregroundGroup] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state, group: Number(group), foregroundGroup: Number(foregroundGroup) };
}

/** The target of a file descriptor, such as `/dev/pts/3` or `pipe:[4711]`; undefined if it cannot be read. */
function readFileLink(pid: number | 'self', descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

function onSuspend(process: NodeJS.Process, listener: () => void): () => void {
  let isListening = true;
  const suspend = () => {
    listener();
    // Without a listener, the signal stops the process, as the shell expects.
    process.off('SIGTSTP', suspend);
    process.kill(process.pid, 'SIGTSTP');
    // Runs once the process continues, or at once if the system ignored the signal because no shell could continue it.
    setImmediate(() => {
      if (isListening) {
        process.on('SIGTSTP', suspend);
      }
    });
  };
  process.on('SIGTSTP', suspend);
  return () => {
    isListening = false;
    process.off('SIGTSTP', suspend);
  };
}

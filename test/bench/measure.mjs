import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Runs in a measured Node, after all of its work: its processor time in seconds and its largest resident set in KiB. Of
 * the latter, Linux includes the memory of the process before it became Node, which is as much as this process has; so
 * there it is read from a counter that starts again.
 */
const report = `data:text/javascript,import{readFileSync}from'node:fs';process.on('exit',()=>{
const{userCPUTime,systemCPUTime,maxRSS}=process.resourceUsage();
let peak=maxRSS;try{peak=/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status','utf8'))[1]}catch{}
console.error('used='+(userCPUTime+systemCPUTime)/1e6+','+peak)})`.replaceAll('\n', '');

/** The arguments of a Node that reports what it used, see {@link measure}. */
export const reporting = ['--import', report];

/**
 * Runs a command once, without its output: the seconds it took and, where it is a Node with {@link reporting}, the
 * seconds of processor time and the peak of memory in MiB. Throws where it fails.
 */
export async function measure([program, ...args], env) {
  const startedAt = performance.now();
  // Outside any project: the config of this repository must not affect the measurement.
  const child = spawn(program, args, { env, cwd: env.HOME, stdio: ['ignore', 'pipe', 'pipe'] });
  let lines = 0;
  let errors = '';
  child.stdout.on('data', (chunk) => {
    lines += chunk.toString('latin1').split('\n').length - 1;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  const wall = (performance.now() - startedAt) / 1000;
  if (code !== 0) {
    throw new Error(`${program} ${args.slice(0, 8).join(' ')}: exit ${code}\n${errors}`);
  }
  const [, cpu, peakKiB] = /used=([\d.]+),(\d+)/.exec(errors) ?? [];
  return { lines, wall, cpu: Number(cpu), peakMiB: Number(peakKiB) / 1024 };
}

/** Interrupts a command once `text` is on its standard error: the seconds until it has ended, with whole JSON. */
export async function measureInterruption([program, ...args], env, text) {
  const child = spawn(program, args, { env, cwd: env.HOME, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  while (!errors.includes(text)) {
    await once(child.stderr, 'data');
  }
  const startedAt = performance.now();
  child.kill('SIGINT');
  await once(child, 'close');
  JSON.parse(output);
  return (performance.now() - startedAt) / 1000;
}

/** Runs a command once: the most memory in MiB that it and all processes below it held at one time. Linux only. */
export async function measureTreePeak([program, ...args], env) {
  const child = spawn(program, args, { env, cwd: env.HOME, stdio: 'ignore' });
  let peakKiB = 0;
  const timer = setInterval(() => {
    peakKiB = Math.max(peakKiB, sumTree(child.pid));
  }, 20);
  const [code] = await once(child, 'close');
  clearInterval(timer);
  if (code !== 0) {
    throw new Error(`${program} ${args.slice(0, 8).join(' ')}: exit ${code}`);
  }
  return peakKiB / 1024;
}

function sumTree(pid) {
  try {
    const own = Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    const below = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
    return below.reduce((sum, it) => sum + sumTree(it), own);
  } catch {
    // The process has ended.
    return 0;
  }
}

/**
 * Runs commands in turn, one uncounted round first, so that what disturbs the machine disturbs them all alike.
 *
 * @param prepare called before each run
 */
export async function inTurn(rounds, commands, env, prepare = () => {}) {
  const results = commands.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [i, command] of commands.entries()) {
      prepare();
      const result = await measure(command, env);
      if (round > 0) {
        results[i].push(result);
      }
    }
  }
  return results;
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** The median of the ratios, round by round. */
export function ratio(ours, theirs, figure) {
  return median(ours.map((result, round) => result[figure] / theirs[round][figure]));
}

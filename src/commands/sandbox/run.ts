import { once } from 'node:events';
import prettyBytes from 'pretty-bytes';
import { UsageError } from '../../errors.ts';
import { exitCodes } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import { StandardError } from '../../report/standard-error.ts';
import { writeOutput } from '../../report/write-output.ts';
import { type Fault, parseFault, type SeenRequest, startSandbox } from '../../sandbox/index.ts';
import type { SandboxFlags } from './command.ts';

/** Runs `dreamina sandbox` until it is interrupted. */
export async function runSandbox(flags: SandboxFlags, host: Host): Promise<number> {
  const { messages } = await StandardError.open(host, flags.quiet ? 'quiet' : 'normal');
  const server = await startSandbox({
    port: wholeNumber('--port', flags.port, 65_535),
    api: flags.api,
    latencyMs: wholeNumber('--latency', flags.latency, 600_000),
    faults: flags.fault?.map(readFault),
    seed: wholeNumber('--seed', flags.seed, Number.MAX_SAFE_INTEGER),
    now: host.clock.epochMs,
    onRequest: (request) => messages.note(describeRequest(request)),
  }).catch((error: unknown) => {
    throw startingFailed(error, flags.port);
  });
  try {
    await writeOutput(
      `export DREAMINA_API_URL='${server.apiUrl}'\n` +
        `export DREAMINA_TOKEN='${server.token}'\n` +
        `export DREAMINA_ACCOUNT='${server.accounts[0]}'\n`,
      host,
    );
    messages.note(`The sandbox listens on ${server.origin}; Ctrl-C stops it.`);
    if (!host.signal.aborted) {
      await once(host.signal, 'abort');
    }
    return exitCodes.success;
  } finally {
    await server.close();
  }
}

function wholeNumber(flag: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  if (!/^\d+$/.test(text) || Number(text) > max) {
    throw new UsageError(`${flag} must be a whole number from 0 to ${max}; it is ${JSON.stringify(text)}`);
  }
  return Number(text);
}

function readFault(text: string): Fault {
  try {
    return parseFault(text);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(`--fault: ${error.message}`) : error;
  }
}

function startingFailed(error: unknown, port: string | undefined): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new UsageError(`--port ${port}: another program listens there`);
    case 'EACCES':
      return new UsageError(`--port ${port}: only the administrator may listen there`);
    default:
      return error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

function describeRequest({ method, path, status, fault, bodySize }: SeenRequest): string {
  const body = method === 'POST' ? ` (${prettyBytes(bodySize)})` : '';
  return `${method} ${path}${body}: ${status ?? 'no answer'}${fault === undefined ? '' : `, fault ${fault}`}`;
}

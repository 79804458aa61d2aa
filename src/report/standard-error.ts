import type { Host } from '../host.ts';
import type { UploadEvent } from '../upload/event.ts';
import { type Colours, isColoured, loadColours } from './colours.ts';
import { createMessages, type Messages, type Verbosity } from './messages.ts';
import type { Progress, Workload } from './progress.ts';

type StandardErrorHost = Pick<Host, 'stderr' | 'env' | 'clock' | 'loadJob'>;

/** Standard error, which messages and progress share: a message is printed above the progress. */
export class StandardError {
  readonly messages: Messages;
  readonly #host: StandardErrorHost;
  #startProgress: ((workload: Workload) => Progress | undefined) | undefined;
  #progress: Progress | undefined;

  private constructor(host: StandardErrorHost, verbosity: Verbosity, colours: Colours) {
    this.#host = host;
    this.messages = createMessages(this.print, verbosity, colours);
  }

  static async open(host: StandardErrorHost, verbosity: Verbosity): Promise<StandardError> {
    return new StandardError(host, verbosity, await loadColours(host.stderr, host.env));
  }

  /** Loads what draws progress, which appears once the files are checked; `server` is the host they are sent to. */
  async loadProgress(server: string): Promise<void> {
    const { stderr, env, clock, loadJob } = this.#host;
    const [{ createProgress }, job] = await Promise.all([import('./progress.ts'), loadJob()]);
    this.#startProgress = (workload) =>
      job.hasFilterOnTerminal()
        ? undefined
        : createProgress(stderr, workload, { server, clock, job, isColoured: isColoured(stderr, env) });
  }

  onEvent(event: UploadEvent): void {
    if (event.type === 'files-checked') {
      this.#progress = this.#startProgress?.(event);
    }
    this.#progress?.onEvent(event);
  }

  /** Restores the terminal; may be called more than once. */
  stopProgress(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  /** Prints whole lines. The progress line, if any, moves out of the way. */
  readonly print = (lines: string): void => {
    this.#host.stderr.write(lines);
  };
}

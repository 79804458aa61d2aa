import type { Host } from '../host.ts';
import type { UploadEvent } from '../upload/event.ts';
import { type Colours, isColoured, loadColours } from './colours.ts';
import { createMessages, type Messages, type Verbosity } from './messages.ts';
import type { Progress, Workload } from './progress.ts';

/** Standard error, which messages and progress share: a message goes above what moves. */
export class StandardError {
  readonly messages: Messages;
  readonly #host: Pick<Host, 'stderr' | 'env' | 'clock'>;
  #progress: Progress | undefined;

  private constructor(host: Pick<Host, 'stderr' | 'env' | 'clock'>, verbosity: Verbosity, colours: Colours) {
    this.#host = host;
    this.messages = createMessages(this.print, verbosity, colours);
  }

  static async open(
    host: Pick<Host, 'stderr' | 'env' | 'clock'>,
    verbosity: Verbosity,
  ): Promise<StandardError> {
    return new StandardError(host, verbosity, await loadColours(host.stderr, host.env));
  }

  /** Loads what draws on a terminal only where it is drawn on. */
  async startProgress(workload: Workload): Promise<void> {
    const { createProgress } = await import('./progress.ts');
    const { stderr, env, clock } = this.#host;
    this.#progress = createProgress(stderr, workload, { clock, isColoured: isColoured(stderr, env) });
  }

  onEvent(event: UploadEvent): void {
    this.#progress?.onEvent(event);
  }

  /** Leaves the terminal as it was found; to be called more than once is no harm. */
  stopProgress(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  /** Puts whole lines on standard error. */
  readonly print = (lines: string): void => {
    if (this.#progress === undefined) {
      this.#host.stderr.write(lines);
    } else {
      this.#progress.print(lines);
    }
  };
}

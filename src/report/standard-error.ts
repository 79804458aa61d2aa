import type { Host } from '../host.ts';
import type { UploadEvent } from '../upload/event.ts';
import { type Colours, isColoured, loadColours } from './colours.ts';
import { createMessages, type Messages, type Verbosity } from './messages.ts';
import type { CreateProgress, Progress } from './progress.ts';

/** Standard error, which messages and progress share: a message is printed above the progress. */
export class StandardError {
  readonly messages: Messages;
  readonly #host: Pick<Host, 'stderr' | 'env' | 'clock'>;
  #createProgress: CreateProgress | undefined;
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

  /** Loads what draws progress, which then appears as soon as the files are checked. */
  async loadProgress(): Promise<void> {
    const { createProgress } = await import('./progress.ts');
    this.#createProgress = createProgress;
  }

  onEvent(event: UploadEvent): void {
    if (event.type === 'files-checked') {
      const { stderr, env, clock } = this.#host;
      this.#progress = this.#createProgress?.(stderr, event, { clock, isColoured: isColoured(stderr, env) });
    }
    this.#progress?.onEvent(event);
  }

  /** Leaves the terminal as it was; may be called more than once. */
  stopProgress(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  /** Prints whole lines. */
  readonly print = (lines: string): void => {
    if (this.#progress === undefined) {
      this.#host.stderr.write(lines);
    } else {
      this.#progress.print(lines);
    }
  };
}

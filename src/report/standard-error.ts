import { Chalk } from 'chalk';
import type { Host } from '../host.ts';
import type { UploadEvent } from '../upload/event.ts';
import { createMessages, isColoured, type Messages, type Verbosity } from './messages.ts';
import { createProgress, type Progress } from './progress.ts';

/** Standard error, which messages and progress share: a message goes above what moves. */
export class StandardError {
  readonly messages: Messages;
  readonly #stderr: Host['stderr'];
  #progress: Progress | undefined;

  constructor({ stderr, env }: Pick<Host, 'stderr' | 'env'>, verbosity: Verbosity) {
    this.#stderr = stderr;
    const colour = new Chalk({ level: isColoured(stderr, env) ? 1 : 0 });
    this.messages = createMessages((lines) => this.#print(lines), verbosity, colour);
  }

  /** @param files how many are to be settled */
  startProgress(files: number): void {
    this.#progress = createProgress(this.#stderr, files);
  }

  onEvent(event: UploadEvent): void {
    this.#progress?.onEvent(event);
  }

  /** Leaves the terminal as it was found; to be called more than once is no harm. */
  stopProgress(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  #print(lines: string): void {
    if (this.#progress === undefined) {
      this.#stderr.write(lines);
    } else {
      this.#progress.print(lines);
    }
  }
}

import ora from 'ora';
import type { TerminalStream } from '../host.ts';
import type { UploadEvent } from '../upload/event.ts';
import { formatBytes } from './units.ts';

/** What moves on the terminal while a batch runs. */
export interface Progress {
  /** Puts whole lines above what moves. */
  print(lines: string): void;
  onEvent(event: UploadEvent): void;
  stop(): void;
}

/** @param files how many are to be settled */
export function createProgress(stderr: TerminalStream, files: number): Progress {
  // discardStdin would take Ctrl-C away from us.
  const spinner = ora({ stream: stderr, discardStdin: false, isEnabled: true });
  let settled = 0;
  let sentBytes = 0;
  const refresh = () => {
    spinner.text = `Uploading ${settled} of ${files} (${formatBytes(sentBytes)})`;
  };
  refresh();
  spinner.start();
  return {
    print: (lines) => {
      spinner.clear();
      stderr.write(lines);
      spinner.render();
    },
    onEvent: (event) => {
      if (event.type === 'file-settled') {
        settled += 1;
        sentBytes += event.outcome.status === 'uploaded' ? event.outcome.size : 0;
        refresh();
      }
    },
    stop: () => spinner.stop(),
  };
}

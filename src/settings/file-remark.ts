import { quoteWord } from '../words.ts';
import type { ConfigFile } from './source.ts';

/** What a user should know about a config file, although it stops no run. */
export interface FileRemark {
  /** An alert is shown at any verbosity. */
  readonly severity: 'alert' | 'warning';
  readonly message: string;
  /** A command that mends it. */
  readonly advice?: string;
}

/** The remark on a file that is not read, or whose token other users can read; undefined for any other. */
export function remarkOn(file: ConfigFile): FileRemark | undefined {
  const { path } = file;
  switch (file.status) {
    case 'foreign':
      return {
        severity: 'alert',
        message: `project config ${path} belongs to another user and is not read; if you trust it, name it with --config`,
      };
    case 'unread':
      return {
        severity: 'warning',
        message: `${path} is not read: a config file is JSON or YAML, such as .dreaminarc.json or .dreaminarc.yaml`,
      };
    case 'found':
      return file.exposesToken
        ? {
            severity: 'warning',
            message: `${path} contains a token, and other users can read it`,
            advice: `chmod 600 ${quoteWord(path)}`,
          }
        : undefined;
    case 'absent':
    case 'wrong':
      return undefined;
  }
}

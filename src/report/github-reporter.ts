import { appendFile } from 'node:fs/promises';
import type { Environment } from '../host.ts';
import { hasReference, type UploadRecord } from '../upload/record.ts';
import { escapeUnsafe } from './escape.ts';

/** GitHub shows ten annotations of a step and drops the rest. */
const mostAnnotations = 10;

/** A step's summary may have 1 MiB; a row has a few hundred bytes. */
const mostRows = 1000;

/**
 * Tells GitHub Actions what became of a batch: an annotation for each failed file, and a table in the step's summary
 * (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
 */
export class GitHubReporter {
  readonly #print: (lines: string) => void;
  readonly #summaryFile: string | undefined;
  readonly #rows: string[] = [];
  #records = 0;
  #annotations = 0;

  /**
   * @param print puts whole lines on standard error, where the runner looks for annotations too
   * @param summaryFile what GITHUB_STEP_SUMMARY names
   */
  constructor(print: (lines: string) => void, summaryFile: string | undefined) {
    this.#print = print;
    this.#summaryFile = summaryFile;
  }

  /** To be called for each record, in input order. */
  record(record: UploadRecord): void {
    this.#records += 1;
    if (this.#rows.length < mostRows) {
      this.#rows.push(formatRow(record));
    }
    if (record.status === 'failed' && this.#annotations < mostAnnotations) {
      this.#annotations += 1;
      this.#print(formatAnnotation(record.path, record.error.message));
    }
  }

  /** To be called once, after the last record. A summary that cannot be written is no failure of the upload. */
  async end(): Promise<void> {
    if (this.#summaryFile !== undefined && this.#records > 0) {
      const left = this.#records - this.#rows.length;
      const more = left > 0 ? `\n${left} more files are not listed.\n` : '';
      const table = `| file | status | reference |\n| --- | --- | --- |\n${this.#rows.join('')}${more}\n`;
      await appendFile(this.#summaryFile, `### dreamina upload\n\n${table}`).catch(() => {});
    }
  }
}

/** Whether this is a step of GitHub Actions. */
export function isGitHubStep(env: Environment): boolean {
  return env.GITHUB_ACTIONS === 'true';
}

function formatAnnotation(path: string, message: string): string {
  return `::error file=${escapeProperty(path)},title=dreamina upload::${escapeData(`${path}: ${message}`)}\n`;
}

/** As the runner's own toolkit escapes the text of a command. */
function escapeData(text: string): string {
  return escapeUnsafe(text).replaceAll('%', '%25');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function formatRow(record: UploadRecord): string {
  const result = hasReference(record)
    ? record.assetRef
    : record.status === 'failed'
      ? record.error.message
      : '';
  return `| ${escapeCell(record.path)} | ${record.status} | ${escapeCell(result)} |\n`;
}

/** Text that Markdown and HTML leave as it is. */
function escapeCell(text: string): string {
  return escapeUnsafe(text).replace(
    /[\\`*_{}[\]<>()#+!|&~@$-]/g,
    (character) => `&#${character.codePointAt(0)};`,
  );
}

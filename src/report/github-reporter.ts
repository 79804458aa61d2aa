import { realpathSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { describeErrno } from '../errno.ts';
import type { Host } from '../host.ts';
import { hasReference, type UploadRecord } from '../upload/record.ts';
import { escapeCharacters, escapeUnsafe } from './escape.ts';

/** GitHub shows ten annotations of a step and drops the rest. */
const maxAnnotations = 10;

/** More would make the summary too long to read. */
const maxRows = 1000;

/** A step's summary may have 1 MiB, and several runs may share it. */
const maxSummaryLength = 200_000;

/**
 * Reports a batch to GitHub Actions: an annotation for each failed file, and a table in the step's summary
 * (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
 */
export class GitHubReporter {
  readonly #print: (lines: string) => void;
  readonly #host: Pick<Host, 'env' | 'cwd' | 'secrets'>;
  readonly #rows: string[] = [];
  #summaryLength = 0;
  #records = 0;
  #annotations = 0;

  /** @param print puts whole lines on standard error, where the runner looks for annotations too */
  constructor(print: (lines: string) => void, host: Pick<Host, 'env' | 'cwd' | 'secrets'>) {
    this.#print = print;
    this.#host = host;
  }

  /** To be called for each record, in input order. */
  record(record: UploadRecord): void {
    this.#records += 1;
    if (this.#rows.length < maxRows && this.#summaryLength < maxSummaryLength) {
      const row = formatRow(record, (text) => this.#host.secrets.mask(text));
      this.#rows.push(row);
      this.#summaryLength += row.length;
    }
    if (record.status === 'failed' && this.#annotations < maxAnnotations) {
      this.#annotations += 1;
      const file = record.path === '-' ? undefined : this.#findInWorkspace(record.path);
      this.#print(formatAnnotation(file, `${record.path}: ${record.error.message}`));
    }
  }

  /** A file's path from the checked-out repository, with slashes; undefined if it lies elsewhere. */
  #findInWorkspace(path: string): string | undefined {
    const { env, cwd } = this.#host;
    const workspace = env.GITHUB_WORKSPACE || cwd;
    if (workspace === undefined) {
      return undefined;
    }
    const file = relative(
      resolveLinks(workspace),
      resolveLinks(isAbsolute(path) ? path : `${cwd}${sep}${path}`),
    );
    const isInside = file !== '..' && !file.startsWith(`..${sep}`) && !isAbsolute(file) && file !== '';
    return isInside ? file.replaceAll(sep, '/') : undefined;
  }

  /** To be called after the last record; returns why the summary was not written, which fails no upload. */
  async end(): Promise<string | undefined> {
    const { GITHUB_STEP_SUMMARY: summaryFile } = this.#host.env;
    if (summaryFile !== undefined && this.#records > 0) {
      const left = this.#records - this.#rows.length;
      const more = left > 0 ? `\n${left} more files are not listed.\n` : '';
      const table = `| file | status | reference |\n| --- | --- | --- |\n${this.#rows.join('')}${more}\n`;
      return appendFile(summaryFile, `### dreamina upload\n\n${table}`).then(
        () => undefined,
        (error: unknown) => `the step's summary could not be written: ${describeErrno(error)}`,
      );
    }
    return undefined;
  }
}

function formatAnnotation(file: string | undefined, text: string): string {
  const properties = file === undefined ? '' : `file=${escapeProperty(file)},`;
  return `::error ${properties}title=dreamina upload::${escapeData(escapeUnsafe(text))}\n`;
}

/** As the runner's own toolkit escapes the text of a command. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25');
}

function escapeProperty(text: string): string {
  return escapeData(escapeCharacters(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function formatRow(record: UploadRecord, mask: (text: string) => string): string {
  const result = hasReference(record)
    ? record.assetRef
    : record.status === 'failed'
      ? record.error.message
      : '';
  // Before characters of a token are escaped.
  const [path, words] = [record.path, result].map((text) => escapeCell(mask(text)));
  return `| ${path} | ${record.status} | ${words} |\n`;
}

/** Escapes text for a cell of a Markdown table. */
function escapeCell(text: string): string {
  return escapeCharacters(text).replace(
    /[\\`*_{}[\]<>()#+!|&~@$-]/g,
    (character) => `&#${character.codePointAt(0)};`,
  );
}

/** A path without links, also if there is no such file. */
function resolveLinks(path: string): string {
  try {
    // `realpathSync` removes `folder/..` before it follows the folder's links.
    return realpathSync.native(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(resolveLinks(folder), path.slice(folder.length));
  }
}

import { hasReference, type UploadRecord } from '../upload/record.ts';
import { formatJson } from './escape.ts';
import { createRequestObject } from './request-object.ts';
import type { ResultFormat } from './result-formats.ts';

/** Writes records to standard output as they come, in input order. Each call rejects with an OutputError. */
export interface ResultWriter {
  /** The records of one call are written together: a hundred thousand single writes would take seconds. */
  write(records: readonly UploadRecord[]): Promise<void>;
  /** Call once, also if the run was interrupted. Only the one object of a request format needs all records. */
  end(records: readonly UploadRecord[]): Promise<void>;
}

/**
 * @param print writes text to standard output and resolves when it can accept more
 * @param formatLabel formats the start of a text line from the path of its file; the other formats contain the path
 *   anyway
 */
export function createResultWriter(
  format: ResultFormat,
  print: (text: string) => Promise<void>,
  formatLabel: (path: string) => string,
): ResultWriter {
  switch (format) {
    case 'text':
      return {
        write: async (records) => {
          const lines = records
            .filter(hasReference)
            .map(({ path, assetRef }) => `${formatLabel(path)}${assetRef}\n`);
          if (lines.length > 0) {
            await print(lines.join(''));
          }
        },
        end: async () => {},
      };
    case 'ndjson':
      return {
        write: (records) => print(records.map((record) => `${formatJson(record)}\n`).join('')),
        end: async () => {},
      };
    case 'json':
      return createArrayWriter(print);
    case 'frames':
    case 'omni':
    case 'images':
      return {
        write: async () => {},
        end: async (records) => {
          const assets = records.filter(hasReference);
          if (assets.length > 0 && assets.length === records.length) {
            await print(`${formatJson(createRequestObject(format, assets))}\n`);
          }
        },
      };
  }
}

/** Writes one array piece by piece, so that no records are kept. */
function createArrayWriter(print: (text: string) => Promise<void>): ResultWriter {
  // Each piece ends its line, so that on a terminal no message shares a line with a record.
  let opening = '[\n';
  return {
    write: async (records) => {
      const text = `${opening}${records.map((record) => `${formatJson(record)}\n`).join(',')}`;
      opening = ',';
      await print(text);
    },
    end: () => print(opening === ',' ? ']\n' : '[]\n'),
  };
}

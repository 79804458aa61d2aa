import { hasReference, type UploadRecord } from '../upload/record.ts';
import { formatJson } from './escape.ts';

/** The forms of the results on standard output. */
export const resultFormats = ['text', 'json', 'ndjson', 'frames'] as const;

/** One of {@link resultFormats}. */
export type ResultFormat = (typeof resultFormats)[number];

/** How many key frames POST /videos takes at most. */
export const maxFrames = 10;

/** Writes records to standard output as they come, in input order. */
export interface ResultWriter {
  write(record: UploadRecord): Promise<void>;
  /** Call once, after the last record, also when the run was cut short. */
  end(): Promise<void>;
}

/** @param print writes text to standard output and resolves when it may take more */
export function createResultWriter(
  format: ResultFormat,
  print: (text: string) => Promise<void>,
): ResultWriter {
  switch (format) {
    case 'text':
      return {
        write: async (record) => {
          if (hasReference(record)) {
            await print(`${record.imageRef}\n`);
          }
        },
        end: async () => {},
      };
    case 'ndjson':
      return { write: (record) => print(`${formatJson(record)}\n`), end: async () => {} };
    case 'json':
      return createArrayWriter(print);
    case 'frames':
      return createFramesWriter(print);
  }
}

/** Writes one array record by record, so that no record has to be kept. */
function createArrayWriter(print: (text: string) => Promise<void>): ResultWriter {
  // Each piece ends its line, so that on a terminal no message shares a line with a record.
  let opening = '[\n';
  return {
    write: async (record) => {
      const text = `${opening}${formatJson(record)}\n`;
      opening = ',';
      await print(text);
    },
    end: () => print(opening === ',' ? ']\n' : '[]\n'),
  };
}

function createFramesWriter(print: (text: string) => Promise<void>): ResultWriter {
  const records: UploadRecord[] = [];
  return {
    write: async (record) => {
      records.push(record);
    },
    end: async () => {
      const references = records.filter(hasReference).map(({ imageRef }) => imageRef);
      if (references.length === records.length) {
        await print(`${formatJson(toFrames(references))}\n`);
      }
    },
  };
}

/** The fields of POST /videos for one to ten references: a first frame, a first and an end frame, or key frames. */
function toFrames(references: readonly string[]): Readonly<Record<string, string>> {
  if (references.length <= 2) {
    const names = ['firstFrameRef', 'endFrameRef'];
    return Object.fromEntries(references.map((reference, i) => [names[i]!, reference]));
  }
  return Object.fromEntries(references.map((reference, i) => [`frame_${i + 1}_imageRef`, reference]));
}

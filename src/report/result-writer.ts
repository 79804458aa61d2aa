import { hasReference, type UploadRecord } from '../upload/record.ts';

/** The forms of the results on standard output. */
export const resultFormats = ['text', 'json', 'ndjson', 'frames'] as const;

/** One of {@link resultFormats}. */
export type ResultFormat = (typeof resultFormats)[number];

/** How many key frames POST /videos takes at most. */
export const maxFrames = 10;

/** Writes records to standard output as they come, in input order. Each call rejects with an OutputError. */
export interface ResultWriter {
  /** The records of one call go out together: a hundred thousand single writes would take seconds. */
  write(records: readonly UploadRecord[]): Promise<void>;
  /** Call once, also when the run was cut short. */
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
        write: async (records) => {
          const lines = records.filter(hasReference).map(({ imageRef }) => `${imageRef}\n`);
          if (lines.length > 0) {
            await print(lines.join(''));
          }
        },
        end: async () => {},
      };
    case 'ndjson':
      return {
        write: (records) => print(records.map((record) => `${JSON.stringify(record)}\n`).join('')),
        end: async () => {},
      };
    case 'json':
      return createArrayWriter(print);
    case 'frames':
      return createFramesWriter(print);
  }
}

/** Writes one array piece by piece, so that no record has to be kept. */
function createArrayWriter(print: (text: string) => Promise<void>): ResultWriter {
  // Each piece ends its line, so that on a terminal no message shares a line with a record.
  let opening = '[\n';
  return {
    write: async (records) => {
      const text = `${opening}${records.map((record) => `${JSON.stringify(record)}\n`).join(',')}`;
      opening = ',';
      await print(text);
    },
    end: () => print(opening === ',' ? ']\n' : '[]\n'),
  };
}

function createFramesWriter(print: (text: string) => Promise<void>): ResultWriter {
  const references: string[] = [];
  let isComplete = true;
  return {
    write: async (records) => {
      for (const record of records) {
        if (hasReference(record)) {
          references.push(record.imageRef);
        } else {
          isComplete = false;
        }
      }
    },
    end: async () => {
      if (isComplete && references.length > 0) {
        await print(`${JSON.stringify(toFrames(references))}\n`);
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

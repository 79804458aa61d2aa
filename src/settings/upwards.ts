import { dirname } from 'node:path';

/** A folder and those above it. */
export function* upwards(from: string): Generator<string> {
  let directory = from;
  for (;;) {
    yield directory;
    const parent = dirname(directory);
    if (parent === directory) {
      return;
    }
    directory = parent;
  }
}

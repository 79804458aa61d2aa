import { dirname } from 'node:path';

/** A folder and those above it. */
export function* upwards(from: string): Generator<string> {
  let folder = from;
  for (;;) {
    yield folder;
    const parent = dirname(folder);
    if (parent === folder) {
      return;
    }
    folder = parent;
  }
}

import { rmSync, statSync, writeFileSync } from 'node:fs';

/** Returns when a change would give a file another ctime than it has: file systems count in steps of milliseconds. */
export function waitForTick(file: string): void {
  const { ctimeNs } = statSync(file, { bigint: true });
  const other = `${file}.tick`;
  do {
    writeFileSync(other, 'x');
  } while (statSync(other, { bigint: true }).ctimeNs === ctimeNs);
  rmSync(other);
}

// The rolldown command lists every file it writes; its API prints nothing but warnings and errors.
import { build } from 'rolldown';
import { loadConfig } from 'rolldown/config';

await build(await loadConfig('.config/rolldown.config.ts'));

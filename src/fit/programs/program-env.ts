import type { Environment } from '../../host.ts';

/** The variables that a program needs. */
const kept = [
  ...['PATH', 'Path', 'HOME', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'DYLD_FALLBACK_LIBRARY_PATH'],
  ...['SYSTEMROOT', 'SystemRoot', 'WINDIR', 'TMPDIR', 'TEMP', 'TMP'],
];

/** The environment of a program that reads a stranger's file: only what it needs, and no token. */
export function resolveProgramEnv(env: Environment): Environment {
  return {
    ...Object.fromEntries(kept.map((name) => [name, env[name]])),
    LC_ALL: 'C',
    AV_LOG_FORCE_NOCOLOR: '1',
  };
}

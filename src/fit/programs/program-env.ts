import type { Environment } from '../../host.ts';

/** The environment of a program that reads a stranger's file: only the variables that it needs, and no token. */
export function resolveProgramEnv(env: Environment): Environment {
  const kept = [
    'PATH',
    'Path',
    'HOME',
    'LD_LIBRARY_PATH',
    'DYLD_LIBRARY_PATH',
    'DYLD_FALLBACK_LIBRARY_PATH',
    'SYSTEMROOT',
    'SystemRoot',
    'WINDIR',
    'TMPDIR',
    'TEMP',
    'TMP',
  ];
  const entries = kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return { ...Object.fromEntries(entries), LC_ALL: 'C', AV_LOG_FORCE_NOCOLOR: '1' };
}

import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pty from '@lydell/node-pty';
import { onTestFinished } from 'vitest';
import { tempDir } from './temp-dir.ts';

const command = fileURLToPath(new URL('../../bin/dreamina.js', import.meta.url));

/** A shell for which the built command has a completion script. */
export type ShellName = 'bash' | 'zsh' | 'fish';

/** An interactive shell with the completion of the built command, as a person uses it. */
export interface Shell {
  /** Its working directory, empty at first. */
  readonly cwd: string;
  /** Types a line, with TAB keys in it, and Enter; resolves with the arguments that the command is then run with. */
  run(keys: string): Promise<string[]>;
  /** Types a line, and the keys that insert everything that it offers; resolves like {@link run}. */
  runAll(keys: string): Promise<string[]>;
  /** Types, and resolves with the output on the terminal as soon as it matches. */
  show(keys: string, pattern: RegExp): Promise<string>;
}

const prompt = 'ready> ';

/** How each is set up, and the key that inserts all candidates; none in fish. */
const shells: Readonly<
  Record<
    ShellName,
    {
      readonly argv: readonly string[];
      readonly install: (home: string, dreamina: string) => Promise<void>;
      readonly insertAll?: string;
    }
  >
> = {
  bash: {
    argv: ['bash', '-i'],
    install: (home) =>
      writeFile(join(home, '.bashrc'), `source <(dreamina completion bash)\nPS1='${prompt}'\n`),
    insertAll: '\x1b*',
  },
  zsh: {
    // Without /etc/zsh/zshrc, which may run its own compinit.
    argv: ['zsh', '-d', '-i'],
    install: async (home, dreamina) => {
      await mkdir(join(home, 'functions'));
      await writeFile(join(home, 'functions', '_dreamina'), await printScript(dreamina, 'zsh'));
      await writeFile(
        join(home, '.zshrc'),
        `fpath=(~/functions $fpath)
autoload -U compinit && compinit -u -D
PS1='${prompt}'
zle -C all-matches complete-word _generic
bindkey '^X^A' all-matches
zstyle ':completion:all-matches:*' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
`,
      );
    },
    insertAll: '\x18\x01',
  },
  fish: {
    argv: ['fish', '-i'],
    install: async (home, dreamina) => {
      const config = join(home, '.config', 'fish');
      await mkdir(join(config, 'completions'), { recursive: true });
      const script = await printScript(dreamina, 'fish');
      await writeFile(join(config, 'completions', 'dreamina.fish'), script);
      await writeFile(join(config, 'completions', 'dreamina-upload.fish'), script);
      await writeFile(
        join(config, 'config.fish'),
        `set -g fish_greeting\nfunction fish_prompt; echo -n '${prompt}'; end\n`,
      );
    },
  },
};

/** Opens one in its own home, for the length of the test. */
export async function openShell(name: ShellName): Promise<Shell> {
  requireShell(name);
  const { argv, install, insertAll } = shells[name];
  const home = await tempDir();
  const folders = { bin: join(home, 'bin'), cwd: join(home, 'work') };
  await mkdir(folders.bin);
  await mkdir(folders.cwd);
  const record = join(home, 'record');
  const dreamina = join(folders.bin, 'dreamina');
  for (const path of [dreamina, `${dreamina}-upload`]) {
    await writeFile(path, recorder(record));
    await chmod(path, 0o755);
  }
  await install(home, dreamina);

  const [program, ...args] = argv;
  const child = pty.spawn(program!, args, {
    cols: 200,
    rows: 50,
    cwd: folders.cwd,
    env: {
      PATH: `${folders.bin}${delimiter}${process.env.PATH}`,
      HOME: home,
      TERM: 'xterm',
      LANG: 'C.UTF-8',
    },
  });
  onTestFinished(() => child.kill('SIGKILL'));
  let output = '';
  let onOutput = () => {};
  child.onData((data) => {
    output += data;
    onOutput();
  });
  let hasEnded = false;
  child.onExit(() => {
    hasEnded = true;
    onOutput();
  });
  const waitFor = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      onOutput = () => {
        if (pattern.test(output)) {
          resolve(output);
        } else if (hasEnded) {
          reject(new Error(`${name} ended before ${pattern} came: ${output}`));
        }
      };
      onOutput();
    });
  await waitFor(/ready> /);

  const run = async (keys: string) => {
    await rm(record, { force: true });
    output = '';
    child.write(`${keys}\r`);
    // The prompt may be drawn again while the line is edited; what follows the record is a new one.
    await waitFor(/recorded[\s\S]*ready> /);
    return (await readFile(record, 'utf8')).split('\0').slice(0, -1);
  };
  return {
    cwd: folders.cwd,
    run,
    runAll: async (keys) => {
      if (insertAll === undefined) {
        throw new Error(`${name} has no key that inserts all`);
      }
      return run(keys + insertAll);
    },
    show: async (keys, pattern) => {
      output = '';
      child.write(keys);
      return waitFor(pattern);
    },
  };
}

/** Throws an error that says how to install a missing shell. */
function requireShell(name: ShellName): void {
  if (spawnSync(name, ['--version']).error !== undefined) {
    throw new Error(`${name} is not installed, and this test is of it: apt-get install -y ${name}`);
  }
}

/** A command that answers the completion scripts like the built one, and otherwise records its arguments. */
function recorder(record: string): string {
  return `#!/bin/sh
case "$#$1" in
  2completion | [0-9]*complete) exec '${process.execPath}' '${command}' "$@" ;;
esac
for argument; do printf '%s\\0' "$argument"; done >'${record}'
echo recorded
`;
}

async function printScript(dreamina: string, shell: ShellName): Promise<string> {
  const { stdout } = await promisify(execFile)(dreamina, ['completion', shell]);
  return stdout;
}

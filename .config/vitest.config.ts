import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { useBundle } from './test-bundle.ts';

const minuteMs = 60_000;

/** Ends a test that hangs. No test is so slow, even on a machine that is busy. */
const hangMs = 3 * minuteMs;

/** Stryker, which can choose no project, loads this file in its workers. */
const isMutationRun = process.env.STRYKER_MUTATOR_WORKER !== undefined;

/** Runs first the tests that a mutant most likely fails: its file's own unit test, other unit tests, the rest. */
class LikeliestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const mutated = this.ctx.config.related?.[0] ?? '';
    const ownTest = mutated.replace('/src/', '/test/unit/').replace(/\.ts$/, '.test.ts');
    const rank = ({ moduleId }: TestSpecification) =>
      moduleId === ownTest ? 0 : moduleId.includes('/test/unit/') ? 1 : 2;
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** Starts first what waits for terminals and slow links, so that it does not end alone. */
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const waits = ({ moduleId }: TestSpecification) => Number(/\/e2e\/|slow-links/.test(moduleId));
    return sorted.toSorted((a, b) => waits(b) - waits(a));
  }
}

// `--mode fuzz` tries many new cases, where `npm test` tries the same few each time.
export default defineConfig(({ mode }) => ({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    // Many tests wait for a socket, a timer or a process.
    maxWorkers: 2 * availableParallelism(),
    // Collects garbage less often, which saves a tenth of the run.
    execArgv: ['--initial-heap-size=500'],
    sequence: { sequencer: isMutationRun ? LikeliestFirst : WaitingFirst },
    testTimeout: hangMs,
    hookTimeout: hangMs,
    expect: { poll: { timeout: hangMs } },
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text', 'html'] },
    projects: isMutationRun
      ? [mutation()]
      : [
          fast(mode === 'fuzz' ? manyCases() : fewCases),
          bundle(),
          // Needs nginx, tinyproxy, openssl, strace, zsh, fish, chromium, ffmpeg, exiftool and heif-convert.
          project('system'),
          project('soak', { testTimeout: 10 * minuteMs }),
        ],
  },
}));

type ProjectOptions = NonNullable<TestProjectInlineConfiguration['test']>;

/** The tests of `npm test`. Files share processes and loaded modules, so each test restores what it changes. */
function fast(options: ProjectOptions): TestProjectInlineConfiguration {
  return project('fast', {
    include: ['unit', 'integration', 'e2e', 'fuzz'].map((folder) => `test/${folder}/**/*.test.ts`),
    isolate: false,
    ...options,
  });
}

/** The tests of one folder of `test`. */
function project(name: string, options: ProjectOptions = {}): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
  };
}

/** The integration tests once more, with the bundled command line in place of the source. */
function bundle(): TestProjectInlineConfiguration {
  const { test } = project('integration', { isolate: false });
  return {
    extends: true,
    plugins: [useBundle()],
    test: {
      ...test,
      name: 'bundle',
      globalSetup: '.config/test-bundle.ts',
      // These test the library or the sandbox.
      exclude: ['test/integration/{client,library,sandbox}.test.ts'],
    },
  };
}

const fewCases: ProjectOptions = { provide: { fuzz: { cases: 200, seed: 1 } } };

/** FUZZ_SEED repeats a run; FUZZ_CASES is the number of cases. */
function manyCases(): ProjectOptions {
  return {
    testTimeout: 10 * minuteMs,
    globalSetup: 'test/fuzz/tell-seed.ts',
    provide: {
      fuzz: {
        seed: Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31),
        cases: Number(process.env.FUZZ_CASES ?? 100_000),
      },
    },
  };
}

/** The tests that mutants must survive, see stryker.config.mjs. None of them needs the built command. */
function mutation(): TestProjectInlineConfiguration {
  return {
    extends: true,
    plugins: [
      {
        name: 'processes',
        // Stryker asks for threads, which can change neither the working directory nor the time zone.
        configureVitest: ({ project }) => {
          project.config.pool = 'forks';
        },
      },
    ],
    test: {
      name: 'mutation',
      include: [
        'test/unit/{client,settings,upload}/**/*.test.ts',
        'test/integration/{config,doctor,error-texts,login,upload-answers,upload-retries,upload-settings}.test.ts',
      ],
      testTimeout: 20_000,
      // Stryker runs workers of its own.
      maxWorkers: 1,
    },
  };
}

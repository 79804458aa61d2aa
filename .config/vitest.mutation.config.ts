import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The first test that fails is the end of a mutant: the unit test of the mutated file comes first, then other unit
 * tests, then those that start servers.
 */
class LikeliestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const mutated = this.ctx.config.related?.[0] ?? '';
    const ownTest = mutated.replace('/src/', '/test/unit/').replace(/\.ts$/, '.test.ts');
    const rank = ({ moduleId }: TestSpecification) =>
      moduleId === ownTest ? 0 : moduleId.includes('/test/unit/') ? 1 : 2;
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** The tests that mutants must get past, see stryker.config.mjs. None of them needs the built command. */
export default defineConfig({
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
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: [
      'test/unit/{client,settings,upload}/**/*.test.ts',
      'test/integration/{config,doctor,error-texts,login,upload-answers,upload-retries,upload-settings}.test.ts',
    ],
    sequence: { sequencer: LikeliestFirst },
    testTimeout: 20_000,
  },
});

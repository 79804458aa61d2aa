import type { TestProject } from 'vitest/node';

/** Says how to repeat a run. Not in vitest's config, which other tools read too. */
export function setup(project: TestProject): void {
  const { cases, seed } = project.getProvidedContext().fuzz;
  console.log(`${cases} cases; FUZZ_SEED=${seed} repeats them`);
}

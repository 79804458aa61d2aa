import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What package-lock.json says about one installed package. */
interface LockedPackage {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

describe('the package', () => {
  it('contains only the files that it needs', async () => {
    // Without its scripts: it is built already, and other tests use the build at the same time.
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
      cwd: root,
    });
    const [packed] = JSON.parse(stdout) as [{ files: readonly { path: string }[] }];
    const paths = packed.files.map(({ path }) => path);
    expect(paths.filter((path) => !path.startsWith('dist/')).toSorted()).toEqual([
      '.dreaminarc.example',
      '.github/SECURITY.md',
      '.github/docs/performance.md',
      '.github/docs/recipes.md',
      '.github/docs/reference.md',
      '.github/docs/sandbox-and-library.md',
      '.github/docs/screenshots/failure.svg',
      '.github/docs/screenshots/first-run.svg',
      '.github/docs/screenshots/progress.svg',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin/dreamina.js',
      'bin/enable-compile-cache.js',
      'bin/package.json',
      'package.json',
    ]);
    const built = paths.filter((path) => path.startsWith('dist/'));
    expect(built).toContain('dist/command/main.cjs');
    expect(
      built.filter((path) => !/\.(js|d\.ts|cjs)$|^dist\/(command|probe)\/LICENCES\.txt$/.test(path)),
    ).toEqual([]);
  });

  it('needs no dependency with an install script', async () => {
    const lock = JSON.parse(await readFile(`${root}/package-lock.json`, 'utf8')) as {
      packages: Readonly<Record<string, LockedPackage>>;
    };
    const installed = Object.entries(lock.packages).filter(([, { dev = false }]) => !dev);
    expect(installed.length).toBeGreaterThan(10);
    expect(installed.filter(([, { hasInstallScript = false }]) => hasInstallScript)).toEqual([]);
  });
});

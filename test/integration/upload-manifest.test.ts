import { spawnSync } from 'node:child_process';
import {
  appendFile,
  copyFile,
  lstat,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ReusedRecord, UploadRecord } from '../../src/index.ts';
import { uploadFiles } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { imageFolder } from '../harness/image-folder.ts';
import { compilePreload } from '../harness/preload.ts';
import { answering, rawServer } from '../harness/raw-server.ts';
import { runCli } from '../harness/run-cli.ts';
import { sandboxWith } from '../harness/sandbox.ts';
import { spawnCli } from '../harness/spawn-cli.ts';
import { tempDir } from '../harness/temp-dir.ts';

const night = fixture('night.png').file;
const sunset = fixture('sunset.jpg').file;

interface Line {
  readonly sha256: string;
  readonly imageRef: string;
  readonly uploadedAt: string;
}

async function readManifest(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8');
  expect(text.endsWith('\n') || text === '').toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

async function setUp() {
  const { sandbox, env } = await sandboxWith();
  const manifest = join(await tempDir(), 'refs.ndjson');
  const upload = (...args: readonly string[]) =>
    runCli(['upload', '--manifest', manifest, '-c', '1', ...args], { env });
  return { sandbox, env, manifest, upload };
}

describe('--manifest', () => {
  it('remembers the files that were sent, and the second run sends nothing', async () => {
    const { sandbox, manifest, upload } = await setUp();
    const first = await upload(night, sunset, '--json');
    const second = await upload(night, sunset, '--json');
    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
    expect(sandbox.requests).toHaveLength(2);
    const sent = first.json<ReusedRecord[]>();
    expect(second.json()).toEqual(
      sent.map((record) => ({
        ...record,
        status: 'reused',
        attempts: 0,
        durationMs: expect.any(Number),
      })),
    );
    expect(await readManifest(manifest)).toEqual(
      sent.map(({ sha256, assetRef, imageRef, account, width, height, size, contentType }) => ({
        sha256,
        account,
        endpoint: expect.stringContaining('/v1/dreamina'),
        assetRef,
        imageRef,
        width,
        height,
        size,
        contentType,
        uploadedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      })),
    );
    expect(second.stderr).toBe('2 reused\n');
  });

  it('prints the remembered reference in text and in frames', async () => {
    const { sandbox, upload } = await setUp();
    await upload(night, sunset);
    const [a, b] = sandbox.assets.map(({ imageRef }) => imageRef);
    expect((await upload(night, sunset)).lines).toEqual([a, b]);
    expect((await upload(night, sunset, '--format', 'frames')).json()).toEqual({
      firstFrameRef: a,
      endFrameRef: b,
    });
  });

  it('identifies files by content: a changed file is sent, a renamed one is not', async () => {
    const { sandbox, upload } = await setUp();
    const folder = await tempDir();
    const [shot, renamed] = [join(folder, 'shot.png'), join(folder, 'renamed.png')];
    await copyFile(night, shot);
    await upload(shot);
    await copyFile(shot, renamed);
    await copyFile(sunset, shot);
    const result = await upload(shot, renamed, '--json');
    expect(result.json()).toMatchObject([{ status: 'uploaded' }, { status: 'reused' }]);
    expect(sandbox.requests).toHaveLength(2);
  });

  it.each([
    ['another account', ['-a', 'CA:sandbox@example.com'], {}],
    ['another endpoint', [], { elsewhere: true }],
  ])('has no references for %s', async (_what, args, { elsewhere = false }: { elsewhere?: boolean }) => {
    const { sandbox, env, manifest, upload } = await setUp();
    await upload(night);
    const other = elsewhere ? await sandboxWith() : { sandbox, env };
    const result = await runCli(['upload', '--manifest', manifest, night, '--json', ...args], {
      env: other.env,
    });
    expect(result.json()).toMatchObject([{ status: 'uploaded' }]);
    expect(await readManifest(manifest)).toHaveLength(2);
  });

  it.each([1, 4])('sends two equal files of one run once, with -c %i', async (concurrency) => {
    const { sandbox, upload } = await setUp();
    const folder = await tempDir();
    const names = ['a.png', 'b.png', 'c.png'].map((name) => join(folder, name));
    for (const name of names) {
      await copyFile(night, name);
    }
    const result = await upload(...names, '-c', `${concurrency}`, '--json');
    expect(result.exitCode).toBe(0);
    expect(sandbox.requests).toHaveLength(1);
    const records = result.json<ReusedRecord[]>();
    expect(records.map(({ status }) => status as string).sort()).toEqual(['reused', 'reused', 'uploaded']);
    expect(new Set(records.map(({ imageRef }) => imageRef)).size).toBe(1);
  });

  it('tries the second of two equal files when the first has failed', async () => {
    const { sandbox, env } = await sandboxWith({ faults: [{ kind: '500', count: 1 }] });
    const folder = await tempDir();
    const names = ['a.png', 'b.png'].map((name) => join(folder, name));
    for (const name of names) {
      await copyFile(night, name);
    }
    const result = await runCli(
      ['upload', ...names, '--manifest', join(folder, 'm'), '--retries', '0', '--json'],
      { env },
    );
    expect(result.exitCode).toBe(3);
    expect(
      result
        .json<UploadRecord[]>()
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['failed', 'uploaded']);
    expect(sandbox.requests).toHaveLength(2);
  });

  it('does not remember a failure', async () => {
    const { env } = await sandboxWith({ faults: [{ kind: '500', rate: 1 }] });
    const manifest = join(await tempDir(), 'm');
    await runCli(['upload', night, '--manifest', manifest, '--retries', '0'], { env });
    expect(await readManifest(manifest)).toEqual([]);
  });

  it('has an entry on the disk before its reference is printed', async () => {
    const { env, manifest } = await setUp();
    const seen: boolean[] = [];
    await runCli(['upload', night, sunset, '--manifest', manifest], {
      env,
      onStdout: async (text) => {
        const lines = await readManifest(manifest);
        // References that have waited for an earlier file are printed as one text.
        for (const reference of text.trimEnd().split('\n')) {
          seen.push(lines.some(({ imageRef }) => imageRef === reference));
        }
      },
    });
    expect(seen).toEqual([true, true]);
  });

  it('is kept by the library too', async () => {
    const { sandbox } = await sandboxWith();
    const options = {
      token: sandbox.token,
      account: sandbox.accounts[0]!,
      apiUrl: sandbox.apiUrl,
      manifest: join(await tempDir(), 'm'),
    };
    expect(await uploadFiles([night], options)).toMatchObject([{ status: 'uploaded' }]);
    expect(await uploadFiles([night], options)).toMatchObject([{ status: 'reused' }]);
    expect(sandbox.requests).toHaveLength(1);
  });
});

describe('--max-age', () => {
  const start = Date.UTC(2026, 10, 1);

  it.each([
    ['90m', 90],
    ['12h', 12 * 60],
    ['7d', 7 * 24 * 60],
  ])('%s ignores entries older than %i minutes', async (maxAge, minutes) => {
    const { env, manifest } = await setUp();
    const uploadAfter = async (passedMinutes: number) => {
      const args = ['upload', night, '--manifest', manifest, '--json', '--max-age', maxAge];
      const result = await runCli(args, { env, now: start + passedMinutes * 60_000 });
      return result.json<UploadRecord[]>()[0]!.status;
    };
    expect(await uploadAfter(0)).toBe('uploaded');
    expect(await uploadAfter(minutes - 1)).toBe('reused');
    expect(await uploadAfter(minutes + 1)).toBe('uploaded');
    // From then on, the newer entry counts.
    expect(await uploadAfter(minutes + 1)).toBe('reused');
  });

  it.each(['7', 'd', '1.5h', '-1h', '7 d', '1w', ''])('%j is a usage error', async (maxAge) => {
    const { sandbox, upload } = await setUp();
    const result = await upload(night, `--max-age=${maxAge}`);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('--max-age must be a duration such as 90m, 12h or 7d');
    expect(sandbox.requests).toEqual([]);
  });

  it('without --manifest is a usage error', async () => {
    const result = await runCli(['upload', '--sandbox', night, '--max-age', '7d']);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('--manifest');
  });
});

describe('a manifest that was damaged or changed', () => {
  /** Damages the manifest of two uploads, and expects that the second is sent once more and both are remembered then. */
  async function expectRepair(damage: (bytes: Buffer, secondLineAt: number) => Buffer): Promise<void> {
    const { sandbox, manifest, upload } = await setUp();
    await upload(night, sunset);
    const whole = await readFile(manifest);
    const damaged = damage(whole, whole.indexOf('\n') + 1);
    await writeFile(manifest, damaged);
    const result = await upload(night, sunset, '--json');
    expect(result.json()).toMatchObject([{ status: 'reused' }, { status: 'uploaded' }]);
    expect((await upload(night, sunset, '--json')).json()).toMatchObject([
      { status: 'reused' },
      { status: 'reused' },
    ]);
    expect(sandbox.requests).toHaveLength(3);
    // The old content stays, whatever it is: another run may have written it.
    expect((await readFile(manifest)).subarray(0, damaged.length).equals(damaged)).toBe(true);
  }

  // Every place at which a line may be torn is in the table of parseLine.
  it('with a torn last line is usable, and that file is sent again', () =>
    expectRepair((bytes) => bytes.subarray(0, bytes.length - 20)));

  it('with a last line of one byte, cut by a full disk, is usable', () =>
    expectRepair((bytes, secondLineAt) => bytes.subarray(0, secondLineAt + 1)));

  it.each([0, 5])('with NUL bytes after %i bytes of a line, left by a power failure, is usable', (kept) =>
    expectRepair((bytes, secondLineAt) =>
      Buffer.concat([bytes.subarray(0, secondLineAt + kept), Buffer.alloc(300_000)]),
    ),
  );

  it('with NUL bytes in the middle of a line is usable', () =>
    expectRepair((bytes, secondLineAt) => bytes.fill(0, secondLineAt + 50, secondLineAt + 90)));

  it('with a torn last line loses nothing if another run appends to it', async () => {
    const { sandbox, env, manifest, upload } = await setUp();
    await upload(night);
    const [first] = await readManifest(manifest);
    await appendFile(manifest, '{"sha256":"01');
    const other = JSON.stringify({ ...first, sha256: 'f'.repeat(64) });
    const result = await runCli(['upload', sunset, '--manifest', manifest, '--format', 'ndjson', '-v'], {
      env: { ...env, DREAMINA_CONCURRENCY: '1' },
      onStdout: () => appendFile(manifest, `${other}\n`),
    });
    expect(result.exitCode).toBe(0);
    expect((await readFile(manifest, 'utf8')).split('\n')).toEqual([
      JSON.stringify(first),
      '{"sha256":"01',
      expect.stringContaining(sandbox.assets[1]!.assetRef),
      other,
      '',
    ]);
  });

  it.skipIf(spawnSync('gcc', ['--version']).error !== undefined || process.platform !== 'linux')(
    'on a disk with short reads is read to its end',
    async () => {
      const { sandbox, env, manifest, upload } = await setUp();
      await upload(night, sunset);
      const filler = JSON.stringify({ ...(await readManifest(manifest))[0], sha256: 'f'.repeat(64) });
      await writeFile(manifest, `${filler}\n`.repeat(30) + (await readFile(manifest, 'utf8')));
      const before = await readFile(manifest, 'utf8');
      const preload = await compilePreload(`
        ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset) {
          ssize_t (*real)(int, void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pread64");
          return real(fd, buffer, isNamed(fd, ".ndjson") && size > 1000 ? 1000 : size, offset);
        }`);
      const run = spawnCli(['upload', night, sunset, '--manifest', manifest, '--json'], {
        env: { ...env, LD_PRELOAD: preload },
      });
      expect(await run.ended).toBe(0);
      expect(JSON.parse(run.stdout())).toMatchObject([{ status: 'reused' }, { status: 'reused' }]);
      expect(await readFile(manifest, 'utf8')).toBe(before);
      expect(sandbox.requests).toHaveLength(2);
    },
  );

  it('without its last newline is complete', async () => {
    const { sandbox, manifest, upload } = await setUp();
    await upload(night);
    await truncate(manifest, (await stat(manifest)).size - 1);
    const result = await upload(night, sunset, '--json');
    expect(result.json()).toMatchObject([{ status: 'reused' }, { status: 'uploaded' }]);
    expect(sandbox.requests).toHaveLength(2);
    expect(await readManifest(manifest)).toHaveLength(2);
  });

  it('with blank lines is read', async () => {
    const { manifest, upload } = await setUp();
    await upload(night);
    await appendFile(manifest, '\n\n');
    expect((await upload(night, '--json')).json()).toMatchObject([{ status: 'reused' }]);
  });

  it('with a fragment in the middle, left by a crash during another run, is read to its end', async () => {
    const { sandbox, manifest, upload } = await setUp();
    await upload(night);
    await appendFile(manifest, '{"sha256":"0123\n');
    await upload(sunset);
    expect((await upload(night, sunset, '--json')).json()).toMatchObject([
      { status: 'reused' },
      { status: 'reused' },
    ]);
    expect(sandbox.requests).toHaveLength(2);
  });

  it.each([
    ['notes\n', 1],
    ['notes', 1],
    ['{"imageRef":"US:a@b.c-image"}\n', 1],
    ['[]\n', 1],
    ['{"sha256":"abc","imageRef":5}\n', 1],
  ])('whose lines are foreign (%j) is refused and left as it is', async (text, line) => {
    const { sandbox, manifest, upload } = await setUp();
    await writeFile(manifest, text);
    const result = await upload(night, '--json');
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain(`${manifest}: line ${line} is not a manifest entry`);
    expect(sandbox.requests).toEqual([]);
    expect(await readFile(manifest, 'utf8')).toBe(text);
  });

  it('names the foreign line among good ones', async () => {
    const { manifest, upload } = await setUp();
    await upload(night);
    await appendFile(manifest, 'hello\n');
    expect((await upload(night)).stderr).toContain('line 2');
  });
});

describe.skipIf(process.platform === 'win32')('a manifest that is taken away during a run', () => {
  const files = [fixture('dunes.webp').file, sunset, night];

  /** Uploads three files, does something to the manifest after the first, and returns the hashes that were sent. */
  async function uploadWhile(harm: (manifest: string) => Promise<void>) {
    const { env, manifest, upload } = await setUp();
    await upload(fixture('spinner.png').file);
    let records = 0;
    const result = await runCli(
      ['upload', ...files, '--manifest', manifest, '-c', '1', '--format', 'ndjson'],
      {
        env,
        onStdout: async () => {
          records += 1;
          if (records === 1) {
            await harm(manifest);
          }
        },
      },
    );
    const sent = result.lines.map((line) => JSON.parse(line) as UploadRecord & { sha256: string });
    return { manifest, result, sent: sent.map(({ sha256 }) => sha256) };
  }

  it.each<[string, (manifest: string) => Promise<void>]>([
    ['removed', (manifest) => rm(manifest)],
    ['renamed', (manifest) => rename(manifest, `${manifest}.old`)],
    [
      'replaced',
      async (manifest) => {
        await writeFile(`${manifest}.new`, '{"sha256":"01');
        await rename(`${manifest}.new`, manifest);
      },
    ],
  ])('because it is %s has every reference of the run in the end', async (_what, harm) => {
    const { manifest, result, sent } = await uploadWhile(harm);
    expect(result.stderr).not.toContain('warning');
    const text = (await readFile(manifest, 'utf8')).replace('{"sha256":"01\n', '');
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as Line).sha256)).toEqual(sent);
  });

  it('and cannot be written anew causes a warning for each further file', async () => {
    const { manifest, result, sent } = await uploadWhile(async (path) => {
      await rename(path, `${path}.old`);
      await symlink(`${path}.old2`, path);
    });
    expect(result.exitCode).toBe(0);
    expect(result.stderr.match(/it could not be written to the manifest/g)).toHaveLength(2);
    // They are where the file is now.
    const lines = await readManifest(`${manifest}.old`);
    expect(lines.map(({ sha256 }) => sha256).slice(1)).toEqual(sent);
  });
});

describe('a manifest that cannot be kept', () => {
  it.runIf(process.platform !== 'win32')(
    'because it is a symbolic link is a usage error, and nothing is written to the target',
    async () => {
      const { sandbox, manifest, upload } = await setUp();
      const elsewhere = join(await tempDir(), 'elsewhere');
      await symlink(elsewhere, manifest);
      for (const args of [[], ['--dry-run']]) {
        const result = await upload(night, ...args);
        expect(result.exitCode).toBe(2);
        expect(result.stderr).toContain('it is a symbolic link; name the file it leads to');
      }
      await expect(lstat(elsewhere)).rejects.toThrow('ENOENT');
      expect(sandbox.requests).toEqual([]);
    },
  );

  it('because its name is empty is a usage error', async () => {
    for (const flag of ['--manifest', '--files-from', '--config']) {
      const result = await runCli(['upload', '--sandbox', night, flag, '']);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toBe(`error: ${flag} needs the name of a file\n`);
    }
  });

  it('because it is a directory is a usage error', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', night, '--manifest', await tempDir()], { env });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('it is a directory');
    expect(sandbox.requests).toEqual([]);
  });

  it('because its folder does not exist is a usage error', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', night, '--manifest', '/nonexistent/m'], { env });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('its folder does not exist');
    expect(sandbox.requests).toEqual([]);
  });

  it('because it is a device is a usage error', async () => {
    const { sandbox, env } = await sandboxWith();
    const result = await runCli(['upload', night, '--manifest', '/dev/null'], { env });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('not a regular file');
    expect(sandbox.requests).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'because the disk is full causes a warning, but the reference is printed',
    async () => {
      const { env } = await sandboxWith();
      const folder = await tempDir();
      const manifest = join(folder, 'm');
      // The process may not write a file longer than one block, which acts like a full disk.
      const run = spawnCli(['upload', night, '--manifest', manifest, '--json'], {
        env,
        shell: 'ulimit -f 0; trap "" XFSZ',
      });
      expect(await run.ended).toBe(0);
      expect(JSON.parse(run.stdout())).toMatchObject([
        {
          status: 'uploaded',
          warnings: ['it could not be written to the manifest: the file would be too large'],
        },
      ]);
      expect(run.stderr()).toContain(`warning: ${night}: it could not be written to the manifest`);
    },
  );
});

it('names the account that the reference belongs to, the second time too', async () => {
  const manifest = join(await tempDir(), 'm');
  const account = 'CA:other@example.com';
  const assetRef = `${account}-image:w90:h120:s3443-uri:tos/1`;
  const { env } = await rawServer(answering(200, { assetRef, account }));
  for (const status of ['uploaded', 'reused']) {
    const result = await runCli(['upload', night, '--json', '--manifest', manifest], { env });
    expect(result.json()).toMatchObject([{ status, assetRef, account }]);
  }
});

describe('a dry run', () => {
  it('reads the manifest without creating or repairing it', async () => {
    const folder = await tempDir();
    const manifest = join(folder, 'm');
    expect((await runCli(['upload', night, '--dry-run', '--manifest', manifest])).exitCode).toBe(0);
    await expect(stat(manifest)).rejects.toThrow('ENOENT');
    await writeFile(manifest, 'notes\n');
    expect((await runCli(['upload', night, '--dry-run', '--manifest', manifest])).exitCode).toBe(2);
    const lost = join(folder, 'none', 'm');
    expect(await runCli(['upload', night, '--dry-run', '--manifest', lost])).toMatchObject({
      exitCode: 2,
      stderr: `error: --manifest ${lost}: it cannot be used: its folder does not exist\n`,
    });
    expect((await runCli(['upload', night, '--dry-run', '--manifest', '/dev/zero'])).exitCode).toBe(2);
    await writeFile(manifest, '{"sha256":"');
    expect((await runCli(['upload', night, '--dry-run', '--manifest', manifest])).exitCode).toBe(0);
    expect(await readFile(manifest, 'utf8')).toBe('{"sha256":"');
  });
});

it('two runs at the same time do not damage their manifest', async () => {
  const { sandbox, env } = await sandboxWith();
  const [left, right] = [await imageFolder(50), await imageFolder(100)];
  const manifest = join(await tempDir(), 'm');
  const uploads = [left, right].map((folder) =>
    runCli(['upload', '-r', folder, '-c', '8', '--manifest', manifest], { env }),
  );
  const runs = await Promise.all(uploads);
  expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  // A run that sees a half-written line of the other run ends it, which leaves an empty line.
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replaceAll(/\n{2,}/g, '\n'));
  const entries = await readManifest(manifest);
  expect(new Set(entries.map(({ sha256 }) => sha256)).size).toBe(100);
  const known = new Set(sandbox.assets.map(({ imageRef }) => imageRef));
  expect(entries.every(({ imageRef }) => known.has(imageRef))).toBe(true);
  const printed = runs.flatMap(({ lines }) => lines);
  expect(printed).toHaveLength(150);
  const remembered = new Set(entries.map(({ imageRef }) => imageRef));
  expect(printed.every((imageRef) => remembered.has(imageRef))).toBe(true);
});

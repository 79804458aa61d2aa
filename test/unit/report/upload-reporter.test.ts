import { describe, expect, it } from 'vitest';
import { createMessages } from '../../../src/report/messages.ts';
import type { ResultFormat } from '../../../src/report/result-formats.ts';
import { createResultWriter } from '../../../src/report/result-writer.ts';
import { UploadReporter } from '../../../src/report/upload-reporter.ts';
import type { UploadRecord } from '../../../src/upload/record.ts';
import { uploadedRecord } from '../../harness/uploaded-record.ts';

const plain = { red: String, yellow: String, green: String, dim: String } as never;

function setUp(format: ResultFormat) {
  const printed = { stdout: '', stderr: '' };
  const reporter = new UploadReporter(
    format,
    createResultWriter(
      format,
      async (text) => {
        printed.stdout += text;
      },
      () => '',
    ),
    createMessages(
      (lines) => {
        printed.stderr += lines;
      },
      'normal',
      plain,
    ),
    '',
  );
  return { printed, reporter };
}

function uploaded(index: number): UploadRecord {
  const reference = `reference-${index}`;
  return uploadedRecord({ index, path: `${index}.png`, assetRef: reference, imageRef: reference });
}

describe('UploadReporter', () => {
  it.each<[ResultFormat, string[]]>([
    ['json', ['reference-0']],
    ['ndjson', ['reference-0']],
    ['text', ['reference-0']],
  ])('ends late output early in %s, and loses no reference', async (format, references) => {
    const { printed, reporter } = setUp(format);
    await reporter.records([uploaded(0)], false);
    await reporter.records([uploaded(1)], true);
    await reporter.records(
      [uploaded(2), { index: 3, path: '3.png', status: 'cancelled', attempts: 0 }],
      true,
    );
    await reporter.end(1);
    expect([...new Set(printed.stdout.match(/reference-\d/g))]).toEqual(references);
    if (format === 'json') {
      expect(JSON.parse(printed.stdout)).toEqual([uploaded(0)]);
    }
    expect(printed.stderr).toContain('error: not printed: 1.png: reference-1\n');
    expect(printed.stderr).toContain('error: not printed: 2.png: reference-2\n');
    expect(printed.stderr).toMatch(/3 uploaded, 1 cancelled\n$/);
  });

  it('prints frames even if they are late', async () => {
    const { printed, reporter } = setUp('frames');
    await reporter.records([uploaded(0)], false);
    await reporter.records([uploaded(1)], true);
    await reporter.end(1);
    expect(JSON.parse(printed.stdout)).toEqual({ firstFrameRef: 'reference-0', endFrameRef: 'reference-1' });
  });

  it('lists only some of twenty thousand failures', async () => {
    const { printed, reporter } = setUp('text');
    const error = { code: 'empty', message: 'it is empty', retryable: false } as const;
    await reporter.records(
      Array.from({ length: 20_000 }, (_, index) => ({
        index,
        path: `${index}.png`,
        status: 'failed',
        attempts: 0,
        error,
      })),
      false,
    );
    await reporter.end(1);
    const lines = printed.stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(10 + 1 + 1000 + 1 + 1);
    expect(lines[10]).toBe('error: 19,990 more: it is empty');
    expect(lines.at(-2)).toBe('  and 18,990 that are not listed');
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Card, createCard } from '../../../../src/report/contact-sheet/card.ts';
import { escapeJson, formatPage } from '../../../../src/report/contact-sheet/format-page.ts';
import type { UploadRecord } from '../../../../src/upload/record.ts';

describe('escapeJson', () => {
  it.each([
    '</script><script>alert(1)</script>',
    '<!--<script>',
    ']]>',
    '&lt;&amp;',
    'a\u2028b\u2029c',
    "$& $1 $` $'",
    '"\\',
  ])('keeps %j inside its element and unchanged', (text) => {
    const json = escapeJson(JSON.stringify(text));
    expect(json).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(json)).toBe(text);
  });
});

describe('formatPage', () => {
  const card: Card = {
    name: "</script><script>$&$'",
    status: 'cancelled',
    details: '',
    fitted: [],
    warnings: [],
  };
  const page = formatPage('one', [card]);

  it('contains the data as one JSON block', () => {
    const [, json = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)!;
    expect(JSON.parse(json)).toMatchObject({ summary: 'one', cards: [card] });
    expect(page.match(/<script\b/g)).toHaveLength(2);
  });

  it('allows its own script and style by their hashes, and files beside it', () => {
    const [, policy = ''] = /<meta http-equiv="Content-Security-Policy" content="(.*?)">/.exec(page)!;
    const hash = (element: string) => {
      const [, text = ''] = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(page)!;
      expect(text.length).toBeGreaterThan(1000);
      return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    };
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hash('script')}`,
      `style-src ${hash('style')}`,
      "img-src data: file: 'self'",
      "media-src data: file: 'self'",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it('refers to no other host', () => {
    expect(page).not.toMatch(/https?:|\/\/\w+\.\w+/);
  });
});

describe('createCard', () => {
  const valid: UploadRecord = {
    index: 0,
    path: 'a.png',
    status: 'valid',
    type: 'image',
    size: 1000,
    contentType: 'image/png',
    attempts: 0,
  };

  it.each([['./a.png'], ['./a.JPG']])('links the card of %s to it', (address) => {
    expect(createCard(valid, undefined, address).link).toBe(address);
  });

  it.each([['./a.html'], ['./a.svg'], ['./a.png.xhtml'], ['./a'], ['./png']])(
    'does not link the card of %s to the file, which a browser might run',
    (address) => {
      expect(createCard(valid, undefined, address).link).toBeUndefined();
    },
  );

  it('does not link the card of a file without an address', () => {
    expect(createCard(valid, undefined, undefined).link).toBeUndefined();
  });

  it.each([
    ['-', 'standard input'],
    ['a\u202egnp.exe', 'a\\u{202e}gnp.exe'],
    ['a\nb', 'a\\nb'],
    ['<b>', '<b>'],
  ])('names %j %s', (path, name) => {
    expect(createCard({ ...valid, path }, undefined, undefined).name).toBe(name);
  });

  it('shows size, length and sides, and the changes by --fit', () => {
    const record = { ...valid, width: 640, height: 480, mediaDurationMs: 2500, fitted: ['cut\u202e'] };
    expect(createCard(record, undefined, undefined)).toMatchObject({
      details: '640 × 480 · 2.5 s · 1 kB',
      fitted: ['cut\\u{202e}'],
    });
  });

  it('shows why a file failed, and its type if that is known', () => {
    const error = { code: 'timeout', message: 'too\nlate', hint: 'wait', retryable: true } as const;
    const record: UploadRecord = { index: 0, path: 'a.mp4', status: 'failed', attempts: 1, error };
    const facts = {
      type: 'video',
      contentType: 'video/mp4',
      sizeBytes: 2000,
      width: 300,
      height: 200,
    } as const;
    expect(createCard(record, facts, './a.mp4')).toMatchObject({
      type: 'video',
      details: '300 × 200 · 2 kB',
      source: './a.mp4',
      error: 'too\\nlate',
      hint: 'wait',
    });
    expect(createCard(record, undefined, './a.mp4').source).toBeUndefined();
  });
});

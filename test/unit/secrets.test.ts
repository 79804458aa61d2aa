import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secrets, spellingsOf } from '../../src/secrets.ts';

const token = 'user:1234-abcDEF';

function secretsWith(add: (secrets: Secrets) => void): Secrets {
  const secrets = new Secrets();
  add(secrets);
  return secrets;
}

describe('a token', () => {
  const secrets = secretsWith((it) => it.addToken(token));

  test.each([
    ['as it is', token],
    ['in capitals', token.toUpperCase()],
    ['percent-encoded', encodeURIComponent(token)],
    ['percent-encoded whole', Array.from(token, (it) => `%${it.charCodeAt(0).toString(16)}`).join('')],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(token))],
    ['escaped in JSON', Array.from(token, (it) => `\\u00${it.charCodeAt(0).toString(16)}`).join('')],
    ['escaped twice', JSON.stringify(JSON.stringify(token.replace(':', '\\u003a'))).slice(3, -3)],
  ])('%s is masked, and nothing around it', (_, spelled) => {
    expect(secrets.mask(`<${spelled}> and <${spelled}>`)).toBe('<[token]> and <[token]>');
  });

  test('is not taken for what only resembles it', () => {
    for (const text of ['user:1234-abcDE', 'user:1234abcDEF', 'xuser 1234-abcDEF', '']) {
      expect(secrets.mask(text)).toBe(text);
    }
  });

  test('that is no different from ordinary output is left alone, or JSON would be none', () => {
    for (const short of ['12345678', 'abcde', '\\\\\\\\\\\\\\\\', '']) {
      const text = JSON.stringify({ size: 12345678, status: 'abcde', path: '\\\\\\\\\\\\\\\\' });
      expect(secretsWith((it) => it.addToken(short)).mask(text)).toBe(text);
    }
  });
});

describe('the password of a proxy', () => {
  test.each([
    ['plain', 'http://me:s3cret@proxy:1', 's3cret'],
    ['decoded', 'http://me:s3%40cret%C3%A9@proxy:1', 's3@creté'],
    ['encoded', 'http://me:s3%40cret%C3%A9@proxy:1', 's3%40cret%C3%A9'],
    ['as it goes over the wire', 'http://me:s3cret@proxy:1', Buffer.from('me:s3cret').toString('base64')],
  ])('is masked %s', (_, address, spelled) => {
    const secrets = secretsWith((it) => it.addProxy(new URL(address)));
    expect(secrets.mask(`<${spelled}>`)).toBe('<[password]>');
  });

  test('that there is none masks nothing', () => {
    const secrets = secretsWith((it) => it.addProxy(new URL('http://somebody@proxy:1')));
    expect(secrets.mask('somebody:')).toBe('somebody:');
  });
});

test('whatever the secret is, it is found, however it is spelled', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string(), (secret, around) => {
      fc.pre(secret.replaceAll('\\', '') !== '');
      for (const spelled of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
        expect(`${around}${spelled}`.replaceAll(spellingsOf(secret), '')).not.toContain(spelled);
      }
    }),
  );
});

test.each([500, 501, 120_000])('of %i characters, a secret is masked too', (length) => {
  const long = 'a*'.repeat(length / 2).padEnd(length, '!');
  expect(secretsWith((it) => it.addToken(long)).mask(`<${long}>`)).toBe('<[token]>');
});

test('a long row of backslashes takes no longer than its length', () => {
  const row = '\\'.repeat(100_000);
  expect(row.replaceAll(spellingsOf(token), '')).toBe(row);
});

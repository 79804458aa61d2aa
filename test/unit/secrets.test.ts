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
  ])('is masked, without the text around it: %s', (_, spelled) => {
    expect(secrets.mask(`<${spelled}> and <${spelled}>`)).toBe('<[token]> and <[token]>');
  });

  test('is not found in text that only resembles it', () => {
    for (const text of ['user: 1234', 'a user 9876-abc', 'user-1234', '']) {
      expect(secrets.mask(text)).toBe(text);
    }
  });

  test.each([
    ['its beginning', 'user:1234-ab', '[token]'],
    ['its end', '…1234-abcDEF', '…[token]'],
    ['its middle', '<r:1234-abc>', '<[token]>'],
    ['its beginning and its end, in a row', 'user:1234-ab34-abcDEF', '[token][token]'],
    ['another token', 'user:99-xyz', '[token]'],
    ['another token, percent-encoded', 'user%3A99-xyz', '[token]'],
  ])('is masked even where the text has only %s', (_, part, expected) => {
    expect(secrets.mask(part)).toBe(expected);
  });

  test('is masked in data, and parts of it are not', () => {
    expect(secrets.maskData(`{"path":"${token}.png"}`)).toBe('{"path":"[token].png"}');
    expect(secrets.maskData('{"path":"user:1234-abcDE.png"}')).toBe('{"path":"user:1234-abcDE.png"}');
  });

  test.each(['uploaded', 'unsupported_type', '12345678', '1234567890123456', 'abcde', ' ', ''])(
    'is not masked in data if it is an ordinary word: %j',
    (word) => {
      const text = JSON.stringify({ size: 12345678, status: word, path: '\\\\\\\\', sum: 1234567890123456 });
      const withWord = secretsWith((it) => it.addToken(word));
      expect(withWord.maskData(text)).toBe(text);
      expect(withWord.mask(`Bearer ${word}.`)).toMatch(
        word.trim() === '' ? /^Bearer/ : /^(Bearer )?\[token\]\.$/,
      );
    },
  );

  test('is not masked in a reference if it is an ordinary word', () => {
    const reference = 'US:uploaded@example.com-image:w1:h1:s1-uri:uploaded/uploaded';
    const withWord = secretsWith((it) => it.addToken('uploaded'));
    expect(withWord.mask(`uploaded: ${reference}, uploaded`)).toBe(
      `[token]: ${reference} [token]`.replace(' [', ', ['),
    );
    expect(secrets.mask(`US:${token}@example.com-image:w1:h1:s1-uri:x`)).toBe(
      'US:[token]@example.com-image:w1:h1:s1-uri:x',
    );
  });

  test('is masked in data if it has another form and no other text looks like it', () => {
    expect(secretsWith((it) => it.addToken('sk_live_0123456789')).maskData('<sk_live_0123456789>')).toBe(
      '<[token]>',
    );
  });
});

describe('the password of a proxy', () => {
  test.each([
    ['plain', 'http://me:s3cret@proxy:1', 's3cret'],
    ['decoded', 'http://me:s3%40cret%C3%A9@proxy:1', 's3@creté'],
    ['encoded', 'http://me:s3%40cret%C3%A9@proxy:1', 's3%40cret%C3%A9'],
    ['as it is sent', 'http://me:s3cret@proxy:1', Buffer.from('me:s3cret').toString('base64')],
  ])('is masked %s', (_, address, spelled) => {
    const secrets = secretsWith((it) => it.addProxy(new URL(address)));
    expect(secrets.mask(`<${spelled}>`)).toBe('<[password]>');
  });

  test.each([
    ['in a part of base64', Buffer.from('me:s3cret99').toString('base64').slice(2), 'me:s3cret99'],
    ['after its user, if it is short', 'me:abc', 'me:abc'],
  ])('is masked %s', (_, spelled, userInfo) => {
    const secrets = secretsWith((it) => it.addProxy(new URL(`http://${userInfo}@proxy:1`)));
    expect(secrets.mask(`<${spelled}>`)).not.toContain(spelled);
  });

  test('is not masked in data', () => {
    const secrets = secretsWith((it) => it.addProxy(new URL('http://me:alice2024alice2024@proxy:1')));
    expect(secrets.maskData('US:alice2024alice2024@example.com')).toBe('US:alice2024alice2024@example.com');
  });

  test('masks nothing without a password', () => {
    const secrets = secretsWith((it) => it.addProxy(new URL('http://somebody@proxy:1')));
    expect(secrets.mask('somebody:')).toBe('somebody:');
  });
});

test.each(['ab\\cdef', 'ab\\\\cd ef'])(
  'a backslash in the secret %j is found, however it is spelled',
  (secret) => {
    const once = encodeURIComponent(secret);
    for (const spelled of [secret, once, encodeURIComponent(once), JSON.stringify(secret).slice(1, -1)]) {
      expect(secretsWith((it) => it.addToken(secret)).mask(`<${spelled}>`)).toBe('<[token]>');
    }
  },
);

test('any secret is found, however it is spelled', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string(), (secret, around) => {
      fc.pre(secret.replaceAll('\\', '') !== '');
      for (const spelled of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
        expect(`${around}${spelled}`.replaceAll(spellingsOf(secret), '')).not.toContain(spelled);
      }
    }),
  );
});

test.each([500, 501, 120_000])('a secret of %i characters is masked', (length) => {
  const long = 'a*'.repeat(length / 2).padEnd(length, '!');
  expect(secretsWith((it) => it.addToken(long)).mask(`<${long}>`)).toBe('<[token]>');
});

test('a long row of backslashes takes time in proportion to its length', () => {
  const row = '\\'.repeat(100_000);
  expect(row.replaceAll(spellingsOf(token), '')).toBe(row);
});

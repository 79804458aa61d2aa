import { expect, test } from 'vitest';
import { formatSource, type Source } from '../../../src/settings/source.ts';

test.each<[Source, string]>([
  [{ kind: 'flag', name: '--retries' }, '--retries'],
  [{ kind: 'environment', name: 'DREAMINA_RETRIES' }, 'environment variable DREAMINA_RETRIES'],
  [{ kind: 'config-file', path: '/c.json' }, 'config file /c.json'],
  [{ kind: 'project', path: '/p/.dreaminarc' }, 'project config /p/.dreaminarc'],
  [{ kind: 'user', path: '/u/config.json' }, 'user config /u/config.json'],
  [{ kind: 'login' }, 'this login'],
  [{ kind: 'options' }, 'options'],
  [{ kind: 'default' }, 'default'],
])('%j', (source, words) => {
  expect(formatSource(source)).toBe(words);
});

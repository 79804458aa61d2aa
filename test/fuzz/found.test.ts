import { expect, it } from 'vitest';
import { readBody } from '../../src/client/body.ts';

// What fuzzing found, as fixed cases.

it.each(['constructor', '__proto__'])(
  'a content coding of the name %s, which every object has, is one that nobody knows',
  async (encoding) => {
    const body = (async function* () {
      yield Buffer.from('{}');
    })();
    expect(await readBody(body, encoding)).toEqual({ text: '{}', ending: 'whole' });
  },
);

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonFault } from '../../../src/settings/json-fault.ts';

function isValid(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const pieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '"a"',
  '"b"',
  '1',
  '-',
  'true',
  'nul',
  ' ',
  '\n',
  '\\',
  '/',
];

test('finds a fault only where JSON.parse does', () => {
  const text = fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join('')),
    fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ...pieces)).map(([json, n, piece]) => {
      const at = n % (json.length + 1);
      return `${json.slice(0, at)}${piece}${json.slice(at + 1)}`;
    }),
  );
  fc.assert(
    fc.property(text, (it) => {
      const fault = findJsonFault(it);
      fc.pre(!fault?.reason.includes('appears twice'));
      expect(fault === undefined).toBe(isValid(it));
    }),
    { numRuns: 1000 },
  );
});

test('does not search very deep structures, valid or not', () => {
  expect(findJsonFault('['.repeat(1_000_000))).toBeUndefined();
  expect(findJsonFault('['.repeat(501) + ']'.repeat(501))).toBeUndefined();
  expect(findJsonFault('['.repeat(500) + ']'.repeat(499))?.reason).toMatch(/ends too early/);
});

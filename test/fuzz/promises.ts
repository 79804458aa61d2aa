import { expect } from 'vitest';
import { type CliResult, runCli, type World } from '../harness/run-cli.ts';
import { secrets } from './hostile-text.ts';

/** Characters that no line on a terminal may contain: they would move the cursor, forge a line or hide text. */
const unsafe =
  /[\0-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0001}-\u{e007f}]|\p{Surrogate}/u;

const prototypeKeys = Reflect.ownKeys(Object.prototype).length;

/** What may be expected of one run. */
interface Expectation {
  readonly exitCodes: readonly number[];
  /** The format of standard output; `loose` is anything, or nothing if the run gave a reason. */
  readonly form: 'text' | 'json' | 'ndjson';
}

/**
 * Runs the command and checks what every run promises: it ends with a documented exit code; its output can be
 * parsed, moves no cursor and contains no secret.
 */
export async function runAndExpect(
  argv: readonly string[],
  world: World,
  { exitCodes, form }: Expectation,
): Promise<CliResult> {
  const result = await runCli(argv, world);
  expect(exitCodes).toContain(result.exitCode);
  expectHarmless(result.stderr, world);
  switch (form) {
    case 'text':
      expectHarmless(result.stdout, world);
      break;
    case 'json':
      expect(() => result.stdout === '' || result.json()).not.toThrow();
      break;
    case 'ndjson':
      expect(() => result.lines.map((line) => JSON.parse(line))).not.toThrow();
      break;
  }
  expectNoSecret(result.stdout);
  expectNoSecret(result.stderr);
  expectCleanPrototype();
  return result;
}

function expectHarmless(text: string, { env }: World): void {
  // Requested colours are harmless.
  expect(env?.FORCE_COLOR === undefined ? text : text.replaceAll(/\x1b\[\d+m/g, '')).not.toMatch(unsafe);
}

/** The text contains no secret: neither as it is, nor percent-encoded, nor escaped, nor both. */
export function expectNoSecret(text: string): void {
  const readings = [
    text,
    withoutPercents(text),
    withoutEscapes(text),
    withoutEscapes(withoutPercents(text)),
    withoutPercents(withoutEscapes(text)),
  ];
  for (const secret of secrets) {
    if (readings.some((reading) => reading.includes(secret))) {
      expect.fail(`${JSON.stringify(text)} holds ${secret}`);
    }
  }
}

/** No property was added to every object. */
export function expectCleanPrototype(): void {
  expect(Reflect.ownKeys(Object.prototype)).toHaveLength(prototypeKeys);
}

function withoutPercents(text: string): string {
  return text.replaceAll(/%(?:25)*([0-9a-f]{2})/gi, fromCode);
}

function withoutEscapes(text: string): string {
  return text.replaceAll(/(?<!\\)\\+u00([0-9a-f]{2})/gi, fromCode).replaceAll('\\', '');
}

function fromCode(_spelling: string, code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16));
}

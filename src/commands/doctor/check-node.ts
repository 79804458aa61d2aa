import { readFileSync } from 'node:fs';
import type { Host } from '../../host.ts';
import { type CheckResult, ok, otherProblem } from './finding.ts';

/** Whether this Node is one that the package is made for. */
export function checkNode({ nodeVersion }: Pick<Host, 'nodeVersion'>): CheckResult {
  const required = readRequiredVersion();
  return compareVersions(nodeVersion, required) >= 0
    ? ok('node', `Node ${nodeVersion}`)
    : otherProblem('node', `Node ${nodeVersion} is too old`, `Install Node ${required} or newer.`);
}

/** The lowest version that `engines` of this package allows. */
function readRequiredVersion(): string {
  const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    readonly engines: { readonly node: string };
  };
  return engines.node.replace(/^>=/, '');
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.replace(/^v/, '').split('.').map(Number.parseFloat));
  const differing = left!.findIndex((part, i) => part !== right![i]);
  return differing === -1 ? 0 : left![differing]! - right![differing]!;
}

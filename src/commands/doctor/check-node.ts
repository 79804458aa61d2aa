import type { Host } from '../../host.ts';
import { requiredNodeVersion } from '../../version.ts';
import { type CheckResult, ok, otherProblem } from './finding.ts';

/** Whether the package supports this version of Node. */
export function checkNode({ nodeVersion }: Pick<Host, 'nodeVersion'>): CheckResult {
  return compareVersions(nodeVersion, requiredNodeVersion) >= 0
    ? ok('node', `Node ${nodeVersion}`)
    : otherProblem('node', `Node ${nodeVersion} is too old`, `Install Node ${requiredNodeVersion} or newer.`);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.replace(/^v/, '').split('.').map(Number.parseFloat));
  const differing = left!.findIndex((part, i) => part !== right![i]);
  return differing === -1 ? 0 : left![differing]! - right![differing]!;
}

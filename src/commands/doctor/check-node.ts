import type { Host } from '../../host.ts';
import { requiredNodeVersion } from '../../version.ts';
import { type CheckResult, ok, otherProblem } from './finding.ts';

/** Whether the package supports this version of Node. */
export function checkNode({ nodeVersion }: Pick<Host, 'nodeVersion'>): CheckResult {
  const isSupported = nodeVersion.localeCompare(`v${requiredNodeVersion}`, 'en', { numeric: true }) >= 0;
  return isSupported
    ? ok('node', `Node ${nodeVersion}`)
    : otherProblem('node', `Node ${nodeVersion} is too old`, `Install Node ${requiredNodeVersion} or newer.`);
}

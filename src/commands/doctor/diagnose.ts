import type { Host } from '../../host.ts';
import { describeTokenRefusal } from '../../network/credentials.ts';
import { loadRoute } from '../../network/route.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { isProblem, resolveSettings } from '../../settings/resolve.ts';
import { requiredNodeVersion } from '../../version.ts';
import { checkFitTools } from './check-fit-tools.ts';
import { checkPath } from './check-path.ts';
import { checkService } from './check-service.ts';
import {
  checkApiUrl,
  checkCertificates,
  checkConfigFiles,
  checkDestination,
  checkLimits,
  checkPermissions,
  checkProxy,
  checkToken,
  hasProblem,
} from './check-settings.ts';
import { type CheckResult, ok, otherProblem, skipAll } from './finding.ts';

/** The checks that ask the service. */
const serviceChecks = ['reachable', 'accepted', 'account', 'session'];

/**
 * Checks everything that uploads need, from this machine outwards. Yields each result as soon as it is known, and skips
 * the checks that an earlier problem makes pointless.
 *
 * @param config the path that `--config` names; false is `--no-config`
 * @throws UsageError if `--config` is empty
 */
export async function* diagnose(
  config: string | false | undefined,
  host: Host,
): AsyncGenerator<CheckResult, void> {
  yield checkNode(host);
  yield await checkPath(host);
  yield* checkFitTools(host);
  const gathered = await gatherSettings({ config }, host);
  const { settings } = resolveSettings(gathered);
  const { apiUrl } = settings;
  yield* checkConfigFiles(gathered);
  yield* checkPermissions(gathered, host);
  yield* checkLimits(settings);
  yield checkApiUrl(settings);
  yield checkToken(settings, gathered);
  yield checkDestination(settings);
  if (isProblem(apiUrl)) {
    yield* skipAll(['proxy', 'certificates', ...serviceChecks], 'the apiUrl is wrong');
    return;
  }
  const route = await loadRoute(apiUrl.value, host.env);
  yield checkProxy(route);
  yield* checkCertificates(route);
  if (describeTokenRefusal(settings) !== undefined) {
    yield* skipAll(serviceChecks, 'the token may not be sent to this server');
  } else if (route.problems.length > 0) {
    yield* skipAll(serviceChecks, 'the proxy or the certificates are wrong');
  } else {
    yield* await checkService({ ...settings, apiUrl }, hasProblem(gathered), host);
  }
}

/** Whether the package supports this version of Node. */
function checkNode({ nodeVersion }: Host): CheckResult {
  const isSupported = nodeVersion.localeCompare(`v${requiredNodeVersion}`, 'en', { numeric: true }) >= 0;
  return isSupported
    ? ok('node', `Node ${nodeVersion}`)
    : otherProblem('node', `Node ${nodeVersion} is too old`, `Install Node ${requiredNodeVersion} or newer.`);
}

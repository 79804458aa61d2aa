import type { Host } from '../../host.ts';
import { inspectRoute } from '../../network/route.ts';
import { inspectSettings } from '../../settings/inspect.ts';
import { checkNode } from './check-node.ts';
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
} from './check-settings.ts';
import { type CheckResult, skipped } from './finding.ts';

/**
 * Looks for everything that keeps uploads from working, from this machine outwards. Each result comes as soon as it is
 * known; what makes no sense after an earlier problem is skipped.
 *
 * @param config the path that `--config` names; false is `--no-config`
 * @throws UsageError where `--config` makes no sense
 */
export async function* diagnose(
  config: string | false | undefined,
  host: Host,
): AsyncGenerator<CheckResult, void> {
  yield checkNode(host);
  yield await checkPath(host);
  const inspection = await inspectSettings(config, host);
  yield* checkConfigFiles(inspection);
  yield* await checkPermissions(inspection, host);
  yield* checkLimits(inspection);
  yield checkApiUrl(inspection);
  yield checkToken(inspection);
  yield checkDestination(inspection);

  const { apiUrl } = inspection.settings;
  if ('problem' in apiUrl) {
    yield skipped('proxy', 'the apiUrl is wrong');
    yield skipped('certificates', 'the apiUrl is wrong');
    yield* await checkService(inspection, 'the apiUrl is wrong', host);
    return;
  }
  const route = await inspectRoute(apiUrl.setting.value, host.env);
  const routeChecks = [checkProxy(route.proxy), ...checkCertificates(route)];
  yield* routeChecks;
  const isBlocked = routeChecks.some(({ status }) => status === 'problem');
  const obstacle =
    inspection.tokenRefusal !== undefined
      ? 'the token must not go there'
      : isBlocked
        ? 'the proxy or the certificates are wrong'
        : undefined;
  yield* await checkService(inspection, obstacle, host);
}

import type { Host } from '../../host.ts';
import type { InspectedProxy, InspectedRoute } from '../../network/route.ts';
import { maskToken } from '../../report/mask.ts';
import { isOfficial } from '../../settings/api-url.ts';
import { keys } from '../../settings/definitions.ts';
import { describeExposure, isExposed } from '../../settings/exposed-token.ts';
import type { InspectedFile, Inspection } from '../../settings/inspect.ts';
import { formatSource } from '../../settings/source.ts';
import { isUsualToken } from '../../settings/token.ts';
import { type CheckResult, configProblem, ok, skipped, warning } from './finding.ts';

/** Whether the config files can be read, and say what is allowed. */
export function checkConfigFiles({ files, warnings }: Inspection): readonly CheckResult[] {
  const results = [
    ...files.flatMap(({ problem }) =>
      problem === undefined ? [] : configProblem('config', problem.message, problem.hint),
    ),
    ...warnings.map((text) => warning('config', text)),
  ];
  if (results.length > 0) {
    return results;
  }
  const found = files.flatMap(({ layer }) => layer ?? []);
  return [
    ok(
      'config',
      found.length === 0 ? 'no config file' : found.map((it) => formatSource(it.source)).join(', '),
    ),
  ];
}

/** Whether a config file with a token in it can be read by others; Windows has no such bits. */
export async function checkPermissions(
  { files }: Inspection,
  { platform }: Pick<Host, 'platform'>,
): Promise<readonly CheckResult[]> {
  const withToken = files.filter(({ layer }) => typeof layer?.values.token === 'string');
  if (platform === 'win32') {
    return [skipped('permissions', 'not on Windows')];
  }
  if (withToken.length === 0) {
    return [ok('permissions', 'no config file has a token in it')];
  }
  return Promise.all(withToken.map(checkMode));
}

async function checkMode({ path }: InspectedFile): Promise<CheckResult> {
  return (await isExposed(path))
    ? warning('permissions', describeExposure(path), `chmod 600 '${path}'`)
    : ok('permissions', `only you may read ${path}`);
}

/** Whether the settings without a check of their own are right. */
export function checkLimits({ settings }: Inspection): readonly CheckResult[] {
  const limits = keys.filter((key) => !['token', 'account', 'apiUrl'].includes(key));
  const problems = limits.flatMap((key) => {
    const inspected = settings[key];
    return 'problem' in inspected ? configProblem('settings', inspected.problem.message) : [];
  });
  return problems.length > 0 ? problems : [ok('settings', `${limits.join(', ')} are right`)];
}

/** Whether there is a token. */
export function checkToken({ settings, files }: Inspection): CheckResult {
  const { token } = settings;
  if ('problem' in token) {
    return configProblem('token', token.problem.message, token.problem.hint);
  }
  if (token.setting === undefined) {
    return hasProblem(files)
      ? skipped('token', 'a config file is wrong, and the token may be in it')
      : configProblem('token', 'there is no token', 'Run `dreamina login`, or set DREAMINA_TOKEN.');
  }
  const { value, source } = token.setting;
  const message = `${maskToken(value)} from ${formatSource(source)}`;
  return isUsualToken(value)
    ? ok('token', message)
    : warning(
        'token',
        message,
        'It does not look like one of useapi.net: user:<digits>-<letters and digits>.',
      );
}

/** Whether the address is one to talk to. */
export function checkApiUrl({ settings: { apiUrl } }: Inspection): CheckResult {
  if ('problem' in apiUrl) {
    return configProblem('apiUrl', apiUrl.problem.message);
  }
  const { value, source } = apiUrl.setting;
  if (source.kind === 'default') {
    return ok('apiUrl', value);
  }
  const remark = isOfficial(value)
    ? ''
    : value.startsWith('http:')
      ? ', this machine'
      : ', not the official server';
  return ok('apiUrl', `${value} from ${formatSource(source)}${remark}`);
}

/** Whether the token may be sent where the address points. */
export function checkDestination({ settings: { token, apiUrl }, tokenRefusal }: Inspection): CheckResult {
  if ('problem' in apiUrl) {
    return skipped('destination', 'the apiUrl is wrong');
  }
  if ('problem' in token || token.setting === undefined) {
    return skipped('destination', 'there is no token to send');
  }
  return tokenRefusal === undefined
    ? ok('destination', `the token may go to ${new URL(apiUrl.setting.value).host}`)
    : configProblem('destination', tokenRefusal);
}

/** The proxy in effect. */
export function checkProxy(proxy: InspectedProxy | undefined): CheckResult {
  if (proxy === undefined) {
    return ok('proxy', 'none');
  }
  return 'problem' in proxy
    ? configProblem('proxy', proxy.problem.message)
    : ok('proxy', proxy.hasCredentials ? `${proxy.address} (with a user and password)` : proxy.address);
}

/** The authorities in effect. */
export function checkCertificates({ certificates }: InspectedRoute): readonly CheckResult[] {
  if (certificates.length === 0) {
    return [ok('certificates', "Node's own authorities")];
  }
  return certificates.map(({ variable, path, problem, warning: fault }) => {
    if (problem !== undefined) {
      return configProblem(
        'certificates',
        problem.message,
        'Name a PEM file with certificates, or unset it.',
      );
    }
    return fault === undefined
      ? ok('certificates', `${path} (${variable})`)
      : warning('certificates', fault, 'Name a PEM file with certificates, or unset it.');
  });
}

/** Whether a file is wrong, so that what it may have said is unknown. */
export function hasProblem(files: readonly InspectedFile[]): boolean {
  return files.some(({ problem }) => problem !== undefined);
}

import type { Host } from '../../host.ts';
import { describeTokenRefusal } from '../../network/credentials.ts';
import { describeProxy } from '../../network/proxy.ts';
import type { LoadedRoute } from '../../network/route.ts';
import { isOfficial } from '../../settings/api-url.ts';
import { keys } from '../../settings/definitions.ts';
import { remarkOn } from '../../settings/file-remark.ts';
import { isUsualToken, maskToken } from '../../settings/identity.ts';
import { isProblem, type Settings } from '../../settings/resolve.ts';
import { type ConfigFile, formatSource, type GatheredSettings } from '../../settings/source.ts';
import { findUnknownKeys } from '../../settings/unknown-keys.ts';
import { type CheckResult, configProblem, ok, skipped, warning } from './finding.ts';

/** Whether the config files can be read and hold known keys only. */
export function checkConfigFiles({ layers, files }: GatheredSettings): readonly CheckResult[] {
  const results = [
    ...files.flatMap((file) =>
      file.status === 'wrong' ? configProblem('config', file.problem.message, file.problem.hint) : [],
    ),
    ...files.filter(({ status }) => status !== 'found').flatMap((file) => warnOf('config', file)),
    ...layers.flatMap(findUnknownKeys).map((text) => warning('config', text)),
  ];
  if (results.length > 0) {
    return results;
  }
  const found = files.flatMap((file) => (file.status === 'found' ? formatSource(file.layer.source) : []));
  return [ok('config', found.length === 0 ? 'no config file' : found.join(', '))];
}

/** Whether other users can read a config file that holds a token; Windows has no such permission bits. */
export function checkPermissions(
  { files }: GatheredSettings,
  { platform }: Pick<Host, 'platform'>,
): readonly CheckResult[] {
  if (platform === 'win32') {
    return [skipped('permissions', 'Windows has no permission bits')];
  }
  const results = files.flatMap((file) => {
    if (file.status !== 'found' || typeof file.layer.values.token !== 'string') {
      return [];
    }
    return file.exposesToken
      ? warnOf('permissions', file)
      : ok('permissions', `only you can read ${file.path}`);
  });
  return results.length > 0 ? results : [ok('permissions', 'no config file contains a token')];
}

function warnOf(check: string, file: ConfigFile): readonly CheckResult[] {
  const remark = remarkOn(file);
  return remark === undefined ? [] : [warning(check, remark.message, remark.advice)];
}

/** Whether the settings without a check of their own are right. */
export function checkLimits(settings: Settings): readonly CheckResult[] {
  const limits = keys.filter((key) => !['token', 'account', 'apiUrl'].includes(key));
  const problems = limits.flatMap((key) => {
    const setting = settings[key];
    return isProblem(setting) ? configProblem('settings', setting.problem.message) : [];
  });
  return problems.length > 0 ? problems : [ok('settings', `${limits.join(', ')} are valid`)];
}

/** Whether there is a token, and of the documented form. */
export function checkToken({ token }: Settings, gathered: GatheredSettings): CheckResult {
  if (isProblem(token)) {
    return configProblem('token', token.problem.message);
  }
  if (token === undefined) {
    return hasProblem(gathered)
      ? skipped('token', 'an invalid config file may contain the token')
      : configProblem('token', 'there is no token', 'Run `dreamina login`, or set DREAMINA_TOKEN.');
  }
  const { value, source } = token;
  const message = `${maskToken(value)} from ${formatSource(source)}`;
  return isUsualToken(value)
    ? ok('token', message)
    : warning(
        'token',
        message,
        'It does not look like a useapi.net token: user:<digits>-<letters and digits>.',
      );
}

/** Whether the address is allowed, and whose server it is. */
export function checkApiUrl({ apiUrl }: Settings): CheckResult {
  if (isProblem(apiUrl)) {
    return configProblem('apiUrl', apiUrl.problem.message);
  }
  const { value, source } = apiUrl;
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

/** Whether the token may be sent to the address. */
export function checkDestination(settings: Settings): CheckResult {
  const { token, apiUrl } = settings;
  if (isProblem(apiUrl)) {
    return skipped('destination', 'the apiUrl is wrong');
  }
  if (isProblem(token) || token === undefined) {
    return skipped('destination', 'there is no token to send');
  }
  const refusal = describeTokenRefusal(settings);
  return refusal === undefined
    ? ok('destination', `the token may go to ${new URL(apiUrl.value).host}`)
    : configProblem('destination', refusal);
}

/** The proxy in effect. */
export function checkProxy({ proxy }: LoadedRoute): CheckResult {
  if (proxy === undefined) {
    return ok('proxy', 'none');
  }
  if (!(proxy instanceof URL)) {
    return configProblem('proxy', proxy.problem.message);
  }
  const { address, hasCredentials } = describeProxy(proxy);
  return ok('proxy', hasCredentials ? `${address} (with a user and password)` : address);
}

/** The authorities in effect. */
export function checkCertificates({ certificates }: LoadedRoute): readonly CheckResult[] {
  if (certificates.length === 0) {
    return [ok('certificates', "Node's own authorities")];
  }
  const advice = 'Name a PEM file with certificates, or unset it.';
  return certificates.map(({ variable, path, problem, warning: fault }) => {
    if (problem !== undefined) {
      return configProblem('certificates', problem.message, advice);
    }
    return fault === undefined
      ? ok('certificates', `${path} (${variable})`)
      : warning('certificates', fault, advice);
  });
}

/** Whether a config file cannot be read, so that its settings are unknown. */
export function hasProblem({ files }: GatheredSettings): boolean {
  return files.some(({ status }) => status === 'wrong');
}

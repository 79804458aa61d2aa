import type { Host } from '../../host.ts';
import { type InspectedProxy, type InspectedRoute, inspectRoute } from '../../network/route.ts';
import { maskToken } from '../../report/mask.ts';
import { StandardError } from '../../report/standard-error.ts';
import { formatTable } from '../../report/table.ts';
import { keys } from '../../settings/definitions.ts';
import { findExposedTokens } from '../../settings/exposed-token.ts';
import { type InspectedFile, type InspectedSetting, inspectSettings } from '../../settings/inspect.ts';
import { formatSource, type Source } from '../../settings/source.ts';
import { userConfigPath } from '../../settings/user-config-path.ts';
import type { ConfigFlags } from './command.ts';

/** Runs `dreamina config` and returns its exit code. A wrong value does not hide the others. */
export async function runConfig(flags: ConfigFlags, host: Host): Promise<number> {
  const { messages } = await StandardError.open(host, 'normal');
  const report = await createReport(flags.config, host);
  host.stdout.write(flags.json ? `${JSON.stringify(report, undefined, 2)}\n` : formatReport(report, host));
  for (const warning of report.warnings) {
    messages.warn(warning);
  }
  for (const problem of report.problems) {
    messages.error(problem);
  }
  return report.problems.length === 0 ? 0 : 4;
}

/** What `--json` prints. */
interface ConfigReport {
  readonly settings: Readonly<Record<string, ReportedSetting>>;
  readonly files: readonly ReportedFile[];
  /** Where the user's own config is, looked at or not. */
  readonly userConfig: string;
  readonly proxy:
    | { readonly address: string; readonly hasCredentials: boolean }
    | { readonly problem: string }
    | null;
  readonly certificates: readonly { readonly variable: string; readonly path: string }[];
  readonly warnings: readonly string[];
  /** What would end an upload with exit code 4. */
  readonly problems: readonly string[];
}

interface ReportedSetting {
  readonly value: string | number | null;
  readonly source: Source | null;
  /** Why the value cannot be used, which is then not shown. */
  readonly problem?: string;
}

interface ReportedFile {
  readonly kind: InspectedFile['kind'];
  readonly path: string;
  readonly status: 'found' | 'absent' | 'wrong';
}

async function createReport(flag: string | false | undefined, host: Host): Promise<ConfigReport> {
  const { settings, files, warnings, tokenRefusal } = await inspectSettings(flag, host);
  const { apiUrl } = settings;
  const route: InspectedRoute =
    'setting' in apiUrl
      ? await inspectRoute(apiUrl.setting.value, host.env)
      : { proxy: undefined, certificates: [] };
  const problems = [
    ...files.map(({ problem }) => problem),
    ...keys.map((key) => problemOf(settings[key])),
    problemOf(route.proxy ?? {}),
    ...route.certificates.map(({ problem }) => problem),
  ].flatMap((problem) => problem?.message ?? []);
  return {
    settings: Object.fromEntries(keys.map((key) => [key, reportSetting(key, settings[key])])),
    files: files.map(({ kind, path, layer, problem }) => ({
      kind,
      path,
      status: problem !== undefined ? 'wrong' : layer === undefined ? 'absent' : 'found',
    })),
    userConfig: userConfigPath(host),
    proxy: reportProxy(route.proxy),
    certificates: route.certificates.map(({ variable, path }) => ({ variable, path })),
    warnings: [
      ...warnings,
      ...(await findExposedTokens(
        files.flatMap(({ layer }) => layer ?? []),
        host.platform,
      )),
      ...route.certificates.flatMap(({ warning }) => warning ?? []),
    ],
    problems: tokenRefusal === undefined ? problems : [...problems, tokenRefusal],
  };
}

function problemOf(inspected: object): Error | undefined {
  return 'problem' in inspected ? (inspected.problem as Error) : undefined;
}

function reportProxy(proxy: InspectedProxy | undefined): ConfigReport['proxy'] {
  return proxy === undefined ? null : 'problem' in proxy ? { problem: proxy.problem.message } : proxy;
}

function reportSetting(key: string, inspected: InspectedSetting): ReportedSetting {
  if ('problem' in inspected) {
    return { value: null, source: null, problem: inspected.problem.message };
  }
  const { setting } = inspected;
  if (setting === undefined) {
    return { value: null, source: null };
  }
  const { value, source } = setting;
  return { value: key === 'token' ? maskToken(String(value)) : value, source };
}

function formatReport(report: ConfigReport, host: Host): string {
  const settings = Object.entries(report.settings).map(([key, { value, source, problem }]) => [
    key,
    problem === undefined ? (value === null ? 'not set' : String(value)) : 'wrong',
    source === null ? '' : formatSource(source),
  ]);
  return `${formatTable(settings)}\n${formatTable([...formatFiles(report, host), ...formatRoute(report)])}`;
}

const fileKinds = {
  'config-file': 'config file',
  project: 'project config',
  user: 'user config',
} as const satisfies Record<InspectedFile['kind'], string>;

function formatFiles({ files, userConfig }: ConfigReport, host: Host): readonly (readonly string[])[] {
  const rows = files.map(({ kind, path, status }) => [
    fileKinds[kind],
    status === 'found'
      ? path
      : kind === 'project'
        ? `${status === 'wrong' ? 'wrong' : 'none'}, from ${host.cwd} upwards`
        : `${path} (${status === 'wrong' ? 'wrong' : 'there is no such file'})`,
  ]);
  return files.some(({ kind }) => kind === 'user')
    ? rows
    : [...rows, [fileKinds.user, `${userConfig} (not looked at)`]];
}

function formatRoute({ proxy, certificates }: ConfigReport): readonly (readonly string[])[] {
  const files = certificates.map(({ variable, path }) => `${path} (${variable})`);
  return [
    ['proxy', formatProxy(proxy)],
    ['certificates', files.length === 0 ? "Node's own" : files.join(', ')],
  ];
}

function formatProxy(proxy: ConfigReport['proxy']): string {
  if (proxy === null) {
    return 'none';
  }
  if ('problem' in proxy) {
    return 'wrong';
  }
  return proxy.hasCredentials ? `${proxy.address} (with a user and password, not shown)` : proxy.address;
}

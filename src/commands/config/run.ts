import { exitCodes } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import { describeTokenRefusal } from '../../network/credentials.ts';
import { describeProxy } from '../../network/proxy.ts';
import { type LoadedRoute, loadRoute } from '../../network/route.ts';
import { formatJson } from '../../report/escape.ts';
import { StandardError } from '../../report/standard-error.ts';
import { formatTable } from '../../report/table.ts';
import { writeOutput } from '../../report/write-output.ts';
import { definitionOf, type Key, keys } from '../../settings/definitions.ts';
import { gatherSettings } from '../../settings/gather.ts';
import { isProblem, resolveSettings, type Settings } from '../../settings/resolve.ts';
import { type ConfigFile, fileKinds, formatSource, type Source } from '../../settings/source.ts';
import { userConfigPath } from '../../settings/user-config.ts';
import type { ConfigFlags } from './command.ts';

/** Runs `dreamina config` and returns its exit code. Shows all values, even if some are wrong. */
export async function runConfig(flags: ConfigFlags, host: Host): Promise<number> {
  const { messages } = await StandardError.open(host, 'normal');
  const report = await createReport(flags.config, host);
  await writeOutput(flags.json ? `${formatJson(report, 2)}\n` : formatReport(report, host), host);
  for (const warning of report.warnings) {
    messages.warn(warning);
  }
  for (const problem of report.problems) {
    messages.error(problem);
  }
  return report.problems.length === 0 ? exitCodes.success : exitCodes.config;
}

/** What `--json` prints. */
interface ConfigReport {
  readonly settings: Readonly<Record<string, ReportedSetting>>;
  readonly files: readonly ReportedFile[];
  /** The path of the user's own config, whether it was read or not; null without a home directory. */
  readonly userConfig: string | null;
  readonly proxy:
    | { readonly address: string; readonly hasCredentials: boolean }
    | { readonly problem: string }
    | null;
  readonly certificates: readonly { readonly variable: string; readonly path: string }[];
  readonly warnings: readonly string[];
  /** Each would end an upload with exit code 4. */
  readonly problems: readonly string[];
}

interface ReportedSetting {
  readonly value: string | number | null;
  readonly source: Source | null;
  /** Why the value, which is then not shown, cannot be used. */
  readonly problem?: string;
}

type ReportedFile = Pick<ConfigFile, 'kind' | 'path' | 'status'>;

async function createReport(config: string | false | undefined, host: Host): Promise<ConfigReport> {
  const gathered = await gatherSettings({ config }, host);
  const { settings, alerts, warnings, problems } = resolveSettings(gathered);
  const { apiUrl } = settings;
  const route = isProblem(apiUrl) ? undefined : await loadRoute(apiUrl.value, host.env);
  const { certificates = [] } = route ?? {};
  const messages = [...problems, ...(route?.problems ?? [])].map(({ message }) => message);
  const refusal = describeTokenRefusal(settings);
  return {
    settings: Object.fromEntries(keys.map((key) => [key, reportSetting(key, settings)])),
    files: gathered.files.map(({ kind, path, status }) => ({ kind, path, status })),
    userConfig: userConfigPath(host) ?? null,
    proxy: reportProxy(route?.proxy),
    certificates: certificates.map(({ variable, path }) => ({ variable, path })),
    warnings: [...alerts, ...warnings, ...certificates.flatMap(({ warning }) => warning ?? [])],
    problems: refusal === undefined ? messages : [...messages, refusal],
  };
}

function reportProxy(proxy: LoadedRoute['proxy']): ConfigReport['proxy'] {
  if (proxy === undefined) {
    return null;
  }
  return proxy instanceof URL ? describeProxy(proxy) : { problem: proxy.problem.message };
}

function reportSetting<K extends Key>(key: K, settings: Settings): ReportedSetting {
  const setting = settings[key];
  if (isProblem(setting)) {
    return { value: null, source: null, problem: setting.problem.message };
  }
  if (setting === undefined) {
    return { value: null, source: null };
  }
  const { value, source } = setting;
  const { show } = definitionOf(key);
  return { value: show === undefined ? value : show(value), source };
}

function formatReport(report: ConfigReport, host: Host): string {
  const settings = Object.entries(report.settings).map(([key, { value, source, problem }]) => [
    key,
    problem === undefined ? (value === null ? 'not set' : String(value)) : 'invalid',
    source === null ? '' : formatSource(source),
  ]);
  return `${formatTable(settings)}\n${formatTable([...formatFiles(report, host), ...formatRoute(report)])}`;
}

function formatFiles({ files, userConfig }: ConfigReport, host: Host): readonly (readonly string[])[] {
  const rows = files.map((file) => [fileKinds[file.kind], describeFile(file, host)]);
  if (files.some(({ kind }) => kind === 'user')) {
    return rows;
  }
  const unread =
    userConfig === null ? 'none, because there is no home directory' : `${userConfig} (not read)`;
  return [...rows, [fileKinds.user, unread]];
}

function describeFile({ kind, path, status }: ReportedFile, host: Host): string {
  const cwd = host.cwd ?? 'a deleted working directory';
  switch (status) {
    case 'found':
      return path;
    case 'unread':
      return `${path} (not read)`;
    case 'foreign':
      return `${path} (belongs to another user, not read)`;
    case 'wrong':
      return kind === 'project' ? `invalid, searched upwards from ${cwd}` : `${path} (invalid)`;
    case 'absent':
      return kind === 'project' ? `none, searched upwards from ${cwd}` : `${path} (there is no such file)`;
  }
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
    return 'invalid';
  }
  return proxy.hasCredentials ? `${proxy.address} (with a user and password, not shown)` : proxy.address;
}

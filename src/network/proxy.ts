import { BlockList, isIP } from 'node:net';
import { ConfigError } from '../errors.ts';
import type { Environment } from '../host.ts';
import { isLoopbackHost } from '../loopback.ts';

/** In the order in which they count, lower case first as in curl. */
const names = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/**
 * The proxy for a URL according to HTTPS_PROXY, HTTP_PROXY and NO_PROXY; undefined for none. Loopback, which alone may
 * have an `http:` URL, never goes through a proxy. No library, because those that exist read the real environment and
 * do not support CIDR ranges in NO_PROXY.
 *
 * @throws ConfigError that names the variable with an unusable address, without showing a password
 */
export function resolveProxy(url: URL, env: Environment): URL | undefined {
  if (isLoopbackHost(url.hostname) || isExempt(url, env.no_proxy || env.NO_PROXY || '')) {
    return undefined;
  }
  const name = names.find((candidate) => env[candidate]);
  return name === undefined ? undefined : parseProxyUrl(`environment variable ${name}`, env[name]!);
}

/**
 * Parses the address of a proxy, with or without its scheme.
 *
 * @param source names the origin of the address in errors
 * @throws ConfigError if the address is unusable, without showing a password
 */
export function parseProxyUrl(source: string, address: string): URL {
  // Accept host:port as curl does; URL would read the host as a scheme.
  const text = address.includes('://') ? address : `http://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigError(
      `${source}: the proxy must be an http:// or https:// address, such as http://proxy.example.com:3128`,
    );
  }
  if (![url.username, url.password].every(isPercentEncoded)) {
    throw new ConfigError(
      `${source}: the proxy must be an address whose user and password are percent-encoded (% is %25)`,
    );
  }
  return url;
}

/** Whether an address holds a user or a password. */
export function hasCredentials({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}

/** The scheme, host and port of a proxy, and whether its address holds a user or password, without showing them. */
export function describeProxy(url: URL): { readonly address: string; readonly hasCredentials: boolean } {
  return { address: `${url.protocol}//${url.host}`, hasCredentials: hasCredentials(url) };
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isExempt(url: URL, noProxy: string): boolean {
  // A trailing dot does not change a name.
  const host = url.hostname.replace(/^\[|[\].]$/g, '');
  const port = url.port || '443';
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || matchesRange(host, entry) || matchesName(host, port, entry));
}

function matchesName(host: string, port: string, entry: string): boolean {
  // A bare IPv6 address would lose its last part as a port; matchesRange handles it.
  const [, name, entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry)!;
  const suffix = name!.replace(/^\[|[\].]$/g, '').replace(/^\*?\./, '');
  return (entryPort === undefined || entryPort === port) && (host === suffix || host.endsWith(`.${suffix}`));
}

function matchesRange(host: string, entry: string): boolean {
  const [network = '', length] = entry.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  const maxPrefix = family === 'ipv6' ? 128 : 32;
  const prefix = length ?? String(maxPrefix);
  if (isIP(network) === 0 || !/^\d+$/.test(prefix) || Number(prefix) > maxPrefix || isIP(host) === 0) {
    return false;
  }
  const range = new BlockList();
  range.addSubnet(network, Number(prefix), family);
  return range.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

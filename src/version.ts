import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

/** This package's version. */
export const version = manifest.version;

/** The lowest version of Node that this package supports, such as `20.19.0`. */
export const requiredNodeVersion = manifest.engines.node.replace(/^>=/, '');

/** The `User-Agent` of requests. */
export const userAgent = `dreamina-upload/${version}`;

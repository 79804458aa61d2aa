import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** This package's version. */
export const { version } = manifest;

/** What requests call themselves. */
export const userAgent = `dreamina-upload/${version}`;

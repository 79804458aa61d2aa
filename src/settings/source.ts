import type { ConfigError } from '../errors.ts';

/** Where a value comes from; `path` is absolute, and `--config` or DREAMINA_CONFIG names the `config-file`. */
export type Source =
  | { readonly kind: 'flag' | 'environment'; readonly name: string }
  | { readonly kind: FileKind; readonly path: string }
  /** `login` is what `dreamina login` reads, `options` what a caller passes to the library. */
  | { readonly kind: 'login' | 'options' | 'default' };

/** Which config a file is: the one that was named, the project's or the user's. */
type FileKind = keyof typeof fileKinds;

/** The kinds of config files, for people. */
export const fileKinds = {
  'config-file': 'config file',
  project: 'project config',
  user: 'user config',
} as const;

/** The values of one source, unchecked: unknown keys and values of any type. */
export interface Layer {
  readonly source: Source;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The place of a config file, and the result of reading it. */
export type ConfigFile = {
  readonly kind: FileKind;
  /** Absolute; if no project config was read, the folder where the search upwards began. */
  readonly path: string;
} & (
  | {
      readonly status: 'found';
      readonly layer: Layer;
      /** Whether it holds a token and other users may read or change it. */
      readonly exposesToken: boolean;
    }
  | { readonly status: 'absent' }
  /** It belongs to another user and was not read. */
  | { readonly status: 'foreign' }
  | { readonly status: 'wrong'; readonly problem: ConfigError }
  /** Named like a project config, in a format that is not read. */
  | { readonly status: 'unread' }
);

/** All sources of settings, unchecked. */
export interface GatheredSettings {
  /** Highest priority first; without the defaults. */
  readonly layers: readonly Layer[];
  /** In order of priority, with those that are absent or cannot be read. */
  readonly files: readonly ConfigFile[];
}

/** A checked value and its source. */
export interface Setting<Value> {
  readonly value: Value;
  readonly source: Source;
}

/** Formats a source for the start of a message, or to show beside a value; does not escape a path for a terminal. */
export function formatSource(source: Source): string {
  switch (source.kind) {
    case 'flag':
      return source.name;
    case 'environment':
      return `environment variable ${source.name}`;
    case 'login':
      return 'this login';
    case 'options':
    case 'default':
      return source.kind;
    default:
      return `${fileKinds[source.kind]} ${source.path}`;
  }
}

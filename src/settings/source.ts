/** Where a value comes from; `path` is absolute, and `--config` or DREAMINA_CONFIG names the `config-file`. */
export type Source =
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'config-file'; readonly path: string }
  | { readonly kind: 'project'; readonly path: string }
  | { readonly kind: 'user'; readonly path: string }
  /** The options that a caller passes to the library. */
  | { readonly kind: 'options' }
  | { readonly kind: 'default' };

/** The values of one source, unchecked: unknown keys and values of any type. */
export interface Layer {
  readonly source: Source;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A checked value and its source. */
export interface Setting<Value> {
  readonly value: Value;
  readonly source: Source;
}

/** Formats a source for the start of a message, or to stand beside a value; does not escape a path for a terminal. */
export function formatSource(source: Source): string {
  switch (source.kind) {
    case 'flag':
      return source.name;
    case 'environment':
      return `environment variable ${source.name}`;
    case 'config-file':
      return `config file ${source.path}`;
    case 'project':
      return `project config ${source.path}`;
    case 'user':
      return `user config ${source.path}`;
    case 'options':
      return 'options';
    case 'default':
      return 'default';
  }
}

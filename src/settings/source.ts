/** Where a value was said; `path` is absolute, and `config-file` is the one that `--config` or DREAMINA_CONFIG names. */
export type Source =
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'config-file'; readonly path: string }
  | { readonly kind: 'project'; readonly path: string }
  | { readonly kind: 'user'; readonly path: string }
  /** What a program gives the library. */
  | { readonly kind: 'options' }
  | { readonly kind: 'default' };

/** What one source says, unchecked: it may hold unknown keys and values of any type. */
export interface Layer {
  readonly source: Source;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A source in words, to begin a message or to stand beside a value; a path is not escaped for a terminal. */
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

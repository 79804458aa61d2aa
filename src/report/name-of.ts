/** The name of an input in messages: its path, or "standard input" for `-`. */
export function nameOf({ path }: { readonly path: string }): string {
  return path === '-' ? 'standard input' : path;
}

/** What messages call an input: its path, or what `-` stands for. */
export function nameOf({ path }: { readonly path: string }): string {
  return path === '-' ? 'standard input' : path;
}

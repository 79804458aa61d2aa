// The package marks this class internal and strips it from its own declarations.
declare module 'cosmiconfig/dist/Explorer.js' {
  export class Explorer {
    /** Complete options: only `cosmiconfig()` fills in defaults. */
    constructor(
      options: Omit<import('cosmiconfig').Options, 'stopDir'> & {
        readonly moduleName: string;
        readonly metaConfigFilePath: null;
      },
    );
    search(from: string): Promise<import('cosmiconfig').CosmiconfigResult>;
  }
}

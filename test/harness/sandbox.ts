import { onTestFinished } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';

/** A sandbox for one test, and the environment that points the command at it. */
export async function sandboxWith(
  options: SandboxOptions = {},
): Promise<{ readonly sandbox: Sandbox; readonly env: Readonly<Record<string, string>> }> {
  const sandbox = await startSandbox(options);
  onTestFinished(() => sandbox.close());
  return {
    sandbox,
    env: {
      DREAMINA_API_URL: sandbox.apiUrl,
      DREAMINA_TOKEN: sandbox.token,
      DREAMINA_ACCOUNT: sandbox.accounts[0]!,
    },
  };
}

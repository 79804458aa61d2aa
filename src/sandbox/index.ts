export type { ApiRevision, Asset } from './assets.ts';
export { type Fault, type FaultKind, faultKinds, parseFault } from './faults.ts';
export { type Sandbox, type SandboxOptions, type SeenRequest, startSandbox } from './sandbox.ts';

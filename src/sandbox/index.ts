export type { Asset } from './assets.ts';
export { type Fault, type FaultKind, faultKinds, parseFault } from './faults.ts';
export type { SeenRequest } from './request-log.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
export type { ApiRevision } from './upload.ts';

/** What one check has come to. */
export interface Finding {
  /** Its name, for scripts. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped';
  readonly message: string;
  /** What the person can do about it. */
  readonly advice?: string;
}

/** A problem, and the exit code that uploads would have because of it. */
interface Problem extends Finding {
  readonly status: 'problem';
  readonly exitCode: 1 | 4;
}

/** What checks yield. */
export type CheckResult = (Finding & { readonly status: Exclude<Finding['status'], 'problem'> }) | Problem;

/** Nothing is wrong. */
export function ok(check: string, message: string): CheckResult {
  return { check, status: 'ok', message };
}

/** Something that does not keep uploads from working, or not yet. */
export function warning(check: string, message: string, advice?: string): CheckResult {
  return { check, status: 'warning', message, ...(advice !== undefined && { advice }) };
}

/** Something is wrong with the token, the account or the settings. */
export function configProblem(check: string, message: string, advice?: string): CheckResult {
  return { check, status: 'problem', message, ...(advice !== undefined && { advice }), exitCode: 4 };
}

/** Something else keeps uploads from working. */
export function otherProblem(check: string, message: string, advice?: string): CheckResult {
  return { check, status: 'problem', message, ...(advice !== undefined && { advice }), exitCode: 1 };
}

/** An earlier result makes the check pointless. */
export function skipped(check: string, reason: string): CheckResult {
  return { check, status: 'skipped', message: reason };
}

/** The same for several checks. */
export function skipAll(checks: readonly string[], reason: string): readonly CheckResult[] {
  return checks.map((check) => skipped(check, reason));
}

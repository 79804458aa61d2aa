import { exitCodes } from '../../exit-code.ts';

/** The result of one check, as `--json` prints it. */
export interface Finding {
  /** Its name, for scripts. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped';
  readonly message: string;
  /** Advice for the user. */
  readonly advice?: string | undefined;
}

/** The result of one check. */
export interface CheckResult extends Finding {
  /** For a problem, the exit code of an upload that meets it. */
  readonly exitCode?: number;
}

/** Nothing is wrong. */
export function ok(check: string, message: string): CheckResult {
  return { check, status: 'ok', message };
}

/** Uploads work, but something may stop them later. */
export function warning(check: string, message: string, advice?: string): CheckResult {
  return { check, status: 'warning', message, advice };
}

/** Something is wrong with the token, the account or the settings. */
export function configProblem(check: string, message: string, advice?: string): CheckResult {
  return { check, status: 'problem', message, advice, exitCode: exitCodes.config };
}

/** Something else stops uploads. */
export function otherProblem(check: string, message: string, advice?: string): CheckResult {
  return { check, status: 'problem', message, advice, exitCode: exitCodes.failure };
}

/** The check is pointless. */
export function skipped(check: string, reason: string, advice?: string): CheckResult {
  return { check, status: 'skipped', message: reason, advice };
}

/** The same for several checks. */
export function skipAll(checks: readonly string[], reason: string): readonly CheckResult[] {
  return checks.map((check) => skipped(check, reason));
}

import type { GapReason } from './facts.ts';

/** An error that a person can mend: what is wrong, and what to do next. The command line prints both and nothing else. */
export class UserError extends Error {
  /** The next step; empty when the message says it all. */
  readonly hint: string;
  constructor(message: string, hint = '', options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
    this.hint = hint;
  }
}

/** An instance could not be reached or read. Becomes a gap of that instance, never an end of the scan. */
export class ReachError extends Error {
  readonly reason: GapReason;
  readonly hint: string;
  constructor(reason: GapReason, message: string, hint = '', options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReachError';
    this.reason = reason;
    this.hint = hint;
  }
}

/** Message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Unanswered keepalives after which the next one ends the connection: ssh2's `keepaliveCountMax`, OpenSSH's `ServerAliveCountMax`. */
export const keepaliveCount = 3;

/** Between two keepalives at most, seconds. */
const longest = 15;

/**
 * The pause between two keepalives for an idle limit, milliseconds, in whole seconds because the system's ssh knows no less: a fifth of
 * it at most, so that a lost connection is noticed clearly before silence is. 0 = none: the limit itself comes as soon.
 */
export function keepaliveOf(idleMs: number): number {
  return Math.min(longest, Math.floor(idleMs / 5000)) * 1000;
}

/**
 * Something that was done on the instance, as one of its own logs tells it. Evidence for a person and nothing more: root
 * of the instance can write what it likes into them, so nothing is excused because of it. Strings are canonical (escaped).
 */
export interface DeedFact {
  /** `packages` were changed, an `account` was, a `command` was run as another user, somebody came in (`login`). */
  kind: 'packages' | 'account' | 'command' | 'login';
  /** Epoch seconds. */
  at: number;
  /** Account, or what works by itself. */
  by?: string;
  /** What was run; secrets in it are not kept. */
  command?: string;
  /** Path of the log. */
  source: string;
  /** Agent that updates packages by itself: `unattended-upgrades`. */
  agent?: string;
  /** Names of packages as ownership knows them: `openssl`, `snap:lxd`. */
  packages?: string[];
  /** `user eve`, `group sudo`. */
  accounts?: string[];
}

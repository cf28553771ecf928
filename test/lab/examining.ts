import type { Check, Examined } from '../../src/app/doctor.ts';
import type { CommandResult } from './exec.ts';
import type { Fleet, LabInstance } from './fleet.ts';
import { snowfence } from './scanning.ts';

/** What `snowfence doctor --json` said. */
export interface Examination {
  readonly code: number;
  readonly all: Examined[];
  readonly result: CommandResult;
  /** A check of the only instance. */
  check(name: string): Check | undefined;
  /** Those that are not ok or a note: `name state`. */
  bad(): string[];
  /** Everything that the first instance's failed check says. */
  failure(): string;
}

/** Examines instances with the fleet's key and known hosts and nothing of this machine's configuration, unless `more` says so. */
export async function examine(
  fleet: Pick<Fleet, 'keyFile' | 'knownHosts'>,
  instances: readonly Pick<LabInstance, 'address'>[],
  more: readonly string[] = [],
  user = 'root',
): Promise<Examination> {
  const own = (flag: string, ...values: string[]) => (more.includes(flag) ? [] : [flag, ...values]);
  const result = await snowfence([
    ...['doctor', ...instances.map((one) => `ssh://${user}@${one.address}:22`), '--json'],
    ...own('-i', fleet.keyFile),
    ...own('--known-hosts', fleet.knownHosts),
    ...own('--ssh-config', '/dev/null'),
    ...more,
  ]);
  if (!result.stdout.startsWith('{')) throw new Error(`no examination (exit ${result.code}): ${result.stderr}`);
  const { instances: all } = JSON.parse(result.stdout) as { instances: Examined[] };
  const checks = all.flatMap((one) => one.checks);
  return {
    code: result.code,
    all,
    result,
    check: (name) => checks.find(({ check }) => check === name),
    bad: () =>
      checks.filter(({ state }) => state === 'gap' || state === 'fail').map((one) => `${one.check} ${one.state}`),
    failure() {
      const failed = checks.find(({ state }) => state === 'fail');
      return failed ? `${failed.check}: ${failed.detail} -> ${failed.advice ?? ''}` : '';
    },
  };
}

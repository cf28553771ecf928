import { display } from '../core/bytes.ts';
import type { Finding } from '../core/finding.ts';
import type { LoginFact, UnitFact } from '../core/running.ts';
import type { Case } from './case.ts';
import { makeFinding } from './make.ts';

/** Units that are made anew at each boot: by netplan, cloud-init and the generators of initial file systems. */
const madeAtBoot =
  /^(netplan-|cloud-|initrd-|systemd-fsck|snap\.|docker-|crio-|libpod-|cri-containerd-|user-runtime-dir@|user@)/;

/** Services and timers of run time: they are in no file of the image, and a restart forgets them. */
export function judgeUnits(the: Case): Finding[] {
  return (the.live.running?.units ?? [])
    .filter(({ name }) => !madeAtBoot.test(name))
    .map((unit) => unitFinding(the, unit));
}

function unitFinding(the: Case, { name, path, commands }: UnitFact): Finding {
  const transient = path.startsWith('/run/systemd/transient/');
  return makeFinding(the.instance.id, 'service', 'added', `unit ${name} of run time`, {
    severity: 'high',
    disposition: 'drift',
    rule: 'service/run-time',
    reason: transient
      ? 'a unit runs that was started by hand (systemd-run) and is in no file of the image'
      : 'a unit was put into /run by hand: it is in no file of the image',
    controls: ['NIST 800-53 CM-7'],
    after: {
      file: display(path).text,
      ...(commands.length > 0 ? { value: commands.map((one) => display(one).text) } : {}),
    },
  });
}

/** Most logins of one account that are listed as evidence. */
const mostListed = 20;

/** People who sat at a terminal since the server started, one finding an account. Our own way in has no terminal. */
export function judgeLogins(the: Case): Finding[] {
  const byUser = Map.groupBy(the.live.running?.logins ?? [], ({ user }) => user);
  return [...byUser].map(([user, logins]) => {
    const each = distinct(logins);
    const last = each.at(-1) as LoginFact;
    const many = each.length > 1 ? `${each.length} times, last ` : '';
    return makeFinding(the.instance.id, 'account', 'added', `login of ${user}`, {
      severity: user === 'root' ? 'medium' : 'low',
      disposition: 'drift',
      rule: 'people/login',
      reason: `somebody logged in to a server that nobody should log in to: ${many}${said(last)}`,
      explains: each.length - 1,
      controls: ['NIST 800-53 CM-3', 'NIST 800-53 AC-17'],
      after: { value: each.slice(-mostListed).map(said) },
    });
  });
}

/** The same login stands in utmp, wtmp and in the session of systemd-logind, seconds apart. */
function distinct(logins: LoginFact[]): LoginFact[] {
  const last = new Map<string, number>();
  return [...logins]
    .sort((a, b) => a.at - b.at)
    .filter(({ terminal, at }) => {
      const before = last.get(terminal);
      last.set(terminal, at);
      return before === undefined || at - before >= 5;
    });
}

function said({ terminal, from, at }: LoginFact): string {
  const when = at > 0 ? ` at ${new Date(at * 1000).toISOString()}` : '';
  return `${from === '' ? '' : `from ${display(from).text} `}on ${display(terminal).text}${when}`;
}

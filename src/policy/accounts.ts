import { display } from '../core/bytes.ts';
import { type Attributes, type Drift, type Finding, isLive, type Severity } from '../core/finding.ts';
import type { Case } from './case.ts';
import { oddLine } from './expectation.ts';
import { makeFinding } from './make.ts';

/** Fields of a `user NAME` record, passwd(5); the last is `state digest` of the password. */
const userFields = ['uid', 'gid', 'comment', 'home', 'shell', 'password'] as const;
const groupFields = ['gid', 'members'] as const;

/** Groups whose members are as good as root. */
const powerful = /^group (root|sudo|wheel|adm|shadow|disk|docker|lxd|libvirt|kmem|staff|admin)$/;

/** Findings of accounts and groups, judged entry by entry. */
export function judgeAccounts(the: Case): Finding[] {
  const drifts = the.drifts.filter((d) => d.stream === 'accounts');
  const findings = drifts.map((drift) => judge(the, drift));
  const users = new Map<string, Finding>();
  for (const one of findings) {
    const key = `${one.change} ${one.subject}`;
    if (!users.has(key)) users.set(key, one);
  }
  // An account and the group of its own name come and go together: one finding.
  return findings.filter((finding) => {
    const name = /^group (.*)$/.exec(finding.subject)?.[1];
    const user =
      name === undefined || finding.change === 'changed' ? undefined : users.get(`${finding.change} user ${name}`);
    if (!user || isLive(user) !== isLive(finding) || powerful.test(finding.subject)) return true;
    user.explains++;
    return false;
  });
}

function judge(the: Case, drift: Drift): Finding {
  const before = shown(drift.key, drift.before);
  const after = shown(drift.key, drift.after);
  const sides = { ...(before ? { before } : {}), ...(after ? { after } : {}) };
  const weight = weigh(drift);
  // Whatever its name: no expectation means a second root, or a group that took another group's id.
  const foreign = weight.rule === 'account/second-root' || hasOtherId(drift);
  for (const { rule, matches } of foreign ? [] : the.policy.expect) {
    if (rule.fact !== 'account' || !matches({ name: drift.key }) || !rule.changes.includes(drift.change)) continue;
    if (rule.only?.password && after?.['password'] !== rule.only.password) continue;
    if (rule.only?.lines && oddLine(rule.only.lines, members(drift.before), members(drift.after)) !== undefined)
      continue;
    return makeFinding(the.instance.id, 'account', drift.change, drift.key, {
      severity: 'info',
      disposition: 'expected',
      rule: rule.id,
      reason: rule.reason,
      ...sides,
    });
  }
  const allowed = the.policy.allow.find((r) => r.rule.fact === 'account' && r.matches({ name: drift.key }));
  if (allowed) {
    return makeFinding(the.instance.id, 'account', drift.change, drift.key, {
      severity: 'info',
      disposition: 'expected',
      rule: allowed.rule.id,
      reason: allowed.rule.reason,
      ...sides,
    });
  }
  const { severity, reason, rule, tamper = false } = weight;
  return makeFinding(the.instance.id, 'account', drift.change, drift.key, {
    severity,
    disposition: 'drift',
    rule,
    reason,
    tamper,
    controls: ['NIST 800-53 CM-6', 'NIST 800-53 AC-2'],
    ...sides,
  });
}

function weigh(drift: Drift): { severity: Severity; reason: string; rule: string; tamper?: boolean } {
  const isUser = drift.key.startsWith('user ');
  const now = (drift.after ?? '').split('\t');
  const was = (drift.before ?? '').split('\t');
  if (isUser && drift.change !== 'removed' && now[0] === '0' && (was[0] !== '0' || drift.change === 'added')) {
    return {
      severity: 'critical',
      rule: 'account/second-root',
      tamper: true,
      reason: 'a second account with user id 0 is root under another name',
    };
  }
  if (isUser && drift.change === 'added')
    return { severity: 'high', rule: 'account/added', reason: 'an account was added on the running server' };
  if (isUser && drift.change === 'removed')
    return { severity: 'medium', rule: 'account/removed', reason: 'an account of the image was removed' };
  if (isUser) {
    const parts = userFields.filter((_, i) => was[i] !== now[i]);
    const emptied = parts.includes('password') && (now[userFields.indexOf('password')] ?? '').startsWith('none ');
    if (emptied)
      return {
        severity: 'critical',
        rule: 'account/no-password',
        tamper: true,
        reason: 'an account of the image has no password now: anybody can log in as it',
      };
    const grave = parts.some((p) => p === 'uid' || p === 'gid' || p === 'shell' || p === 'password');
    return {
      severity: grave ? 'high' : 'medium',
      rule: 'account/changed',
      reason: `${parts.join(', ')} of an account of the image changed`,
    };
  }
  if (powerful.test(drift.key))
    return { severity: 'high', rule: 'account/powerful-group', reason: 'who is in this group is as good as root' };
  const severity = drift.change === 'removed' ? 'low' : 'medium';
  return {
    severity,
    rule: `account/group-${drift.change}`,
    reason: `a group was ${drift.change} on the running server`,
  };
}

/** A user or group of the image whose number is another one now, or a new one that is in root's group. */
function hasOtherId({ key, before, after }: Drift): boolean {
  if (after === undefined) return false;
  const now = after.split('\t');
  if (before !== undefined) return before.split('\t')[0] !== now[0];
  return now[key.startsWith('user ') ? 1 : 0] === '0';
}

function members(value: string | undefined): string {
  return ((value ?? '').split('\t')[1] ?? '').replaceAll(',', '\n');
}

/** For people. The digest of a password is not among it, only that it is set, locked or empty. */
function shown(key: string, value: string | undefined): Attributes | undefined {
  if (value === undefined) return undefined;
  const fields = value.split('\t');
  const names: readonly string[] = key.startsWith('user ') ? userFields : groupFields;
  const entries = names.map((name, i) => {
    const field = fields[i] ?? '';
    return [name, name === 'password' ? (field.split(' ')[0] ?? '').replace('?', 'unknown') : readable(field)] as const;
  });
  return Object.fromEntries(entries);
}

function readable(field: string): string {
  return display(field).text;
}

import type { Finding, FindingKind } from '../core/finding.ts';
import { readStream } from '../fingerprint/stream.ts';
import type { Rule } from '../schema/policy.ts';
import type { StatedFact } from '../state/format.ts';
import { stateOf } from '../state/state.ts';
import type { Case } from './case.ts';
import type { Compiled, Subject } from './compile.ts';

/** Kinds of facts that files of configuration state. */
export const statedKinds = ['setting', 'service', 'job', 'key'] as const;
export type StatedKind = (typeof statedKinds)[number];

export function isStated(fact: string): fact is StatedKind {
  return (statedKinds as readonly string[]).includes(fact);
}

/** One thing that an instance has, as rules see it. */
export interface Seen {
  kind: FindingKind;
  /** Canonical. */
  subject: string;
  value?: string;
  /** Value in the `files` stream. */
  file?: string;
}

const known = new WeakMap<Case, StatedFact[]>();

/** What is in force of what the instance's files of configuration state; read once, and only where a rule asks. */
function stated(the: Case): StatedFact[] {
  const facts = known.get(the) ?? stateOf(the.image, the.live);
  known.set(the, facts);
  return facts;
}

/** Everything on the instance that a rule about files, packages, accounts or stated facts selects. */
export function selected(the: Case, { rule, matches }: Compiled<Rule>): Seen[] {
  const { fact } = rule;
  if (isStated(fact)) {
    return stated(the)
      .filter((one) => one.kind === fact && matches({ name: one.subject, path: one.path }))
      .map(({ subject, value }) => ({ kind: fact, subject, value: [value].flat().join('\n') }));
  }
  if (fact === 'package') {
    return keys(the.live.packages, (key) => ({ name: key.slice(key.indexOf(' ') + 1) }), matches).map(
      ([name, value]) => ({
        kind: 'package',
        subject: name,
        value,
      }),
    );
  }
  if (fact === 'account')
    return keys(the.live.accounts, (key) => ({ name: key }), matches).map(([subject, value]) => ({
      kind: 'account',
      subject,
      value,
    }));
  if (fact === 'file')
    return keys(the.live.files, (key) => ({ path: key }), matches).map(([subject, file]) => ({
      kind: 'file',
      subject,
      file,
    }));
  return [];
}

function keys(
  stream: Buffer,
  subjectOf: (key: string) => { name: string } | { path: string },
  matches: (subject: Subject) => boolean,
): [subject: string, value: string][] {
  const found: [string, string][] = [];
  for (const [key, value] of readStream(stream)) {
    const subject = subjectOf(key);
    if (matches(subject)) found.push(['name' in subject ? subject.name : subject.path, value]);
  }
  return found;
}

/** Names and numeric ids of the accounts of an instance, by numeric id. */
export function usersById(the: Case): Map<number, string[]> {
  const users = new Map<number, string[]>();
  for (const [key, value] of readStream(the.live.accounts)) {
    if (!key.startsWith('user ')) continue;
    const uid = Number(value.split('\t', 1)[0]);
    users.set(uid, [...(users.get(uid) ?? [String(uid)]), key.slice(5)]);
  }
  return users;
}

/** A finding about a stated fact that an `allow` rule lists is expected. */
export function allowStated(the: Case, finding: Finding): Finding {
  if (!isStated(finding.kind) || finding.disposition !== 'drift' || finding.change === 'removed') return finding;
  const allowed = the.policy.allow.find(
    ({ rule, matches }) => rule.fact === finding.kind && matches({ name: finding.subject, path: fileOf(finding) }),
  );
  return allowed
    ? { ...finding, severity: 'info', disposition: 'expected', rule: allowed.rule.id, reason: allowed.rule.reason }
    : finding;
}

function fileOf({ after }: Finding): string {
  return typeof after?.['file'] === 'string' ? after['file'] : '';
}

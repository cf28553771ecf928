import type { Finding, FindingKind } from '../core/finding.ts';
import { readStream } from '../fingerprint/stream.ts';
import type { DenyRule } from '../schema/policy.ts';
import type { Case } from './case.ts';
import type { Compiled } from './compile.ts';
import { makeFinding } from './make.ts';
import { namesOfPackage, packageKey } from './managers.ts';
import { seenProcesses } from './processes.ts';
import { isStated, selected } from './seen.ts';

/** What `deny` rules forbid and the instance has, whether or not the image has it too. Sockets are judged with the sockets. */
export function judgeDenied(the: Case): Finding[] {
  return the.policy.deny.flatMap((denied) => {
    switch (denied.rule.fact) {
      case 'process':
        return deniedProcesses(the, denied);
      case 'package':
        return deniedPackages(the, denied);
      case 'account':
        return deniedKeys(the, denied, the.live.accounts, (key) => ({ name: key }), 'account');
      case 'file':
        return deniedKeys(the, denied, the.live.files, (key) => ({ path: key }), 'file');
      default:
        return isStated(denied.rule.fact)
          ? selected(the, denied).map(({ kind, subject, value }) => ({
              ...violation(the, denied.rule, kind, subject),
              ...(value ? { after: { value: value.slice(0, 2000) } } : {}),
            }))
          : [];
    }
  });
}

type Key = { name: string } | { path: string };

function deniedKeys(
  the: Case,
  { rule, matches }: Compiled<DenyRule>,
  stream: Buffer,
  subjectOf: (key: string) => Key,
  kind: FindingKind,
): Finding[] {
  const found: Finding[] = [];
  for (const [key] of readStream(stream)) {
    const subject = subjectOf(key);
    if (matches(subject)) found.push(violation(the, rule, kind, 'name' in subject ? subject.name : subject.path));
  }
  return found;
}

function deniedPackages(the: Case, { rule, matches }: Compiled<DenyRule>): Finding[] {
  const keys = [...readStream(the.live.packages)].map(([key]) => packageKey(key)).filter((key) => key !== undefined);
  return keys
    .filter((key) => namesOfPackage(key).some((name) => matches({ name })))
    .map((key) => violation(the, rule, 'package', key.subject));
}

function deniedProcesses(the: Case, { rule, matches }: Compiled<DenyRule>): Finding[] {
  const processes = (the.live.processes ?? []).filter((p) => matches({ executable: p.exe, path: p.exe }));
  const byExecutable = Map.groupBy(processes, (p) => p.exe);
  return [...byExecutable].map(([exe, group]) => ({
    ...violation(the, rule, 'process', exe),
    explains: group.length - 1,
    after: seenProcesses(group),
  }));
}

function violation(the: Case, rule: DenyRule, kind: FindingKind, subject: string): Finding {
  const { severity, id, reason, controls = [] } = rule;
  return makeFinding(the.instance.id, kind, 'violates', subject, {
    severity,
    disposition: 'violation',
    rule: id,
    reason,
    controls,
  });
}

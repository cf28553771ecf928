import type { Finding, Severity } from '../core/finding.ts';
import type { Case, PackageChanges } from './case.ts';
import { makeFinding } from './make.ts';
import { compareVersions } from './version.ts';

/** `dpkg openssl:amd64` -> name `openssl`, as the ownership streams say it. */
export function packageName(key: string): string {
  return (key.split(' ')[1] ?? key).replace(/:[a-z0-9-]+$/, '');
}

/** Each package that is not as in the image is one finding; the files it explains are counted to it later. */
export function judgePackages(the: Case): PackageChanges {
  const findings = new Map<string, Finding>();
  for (const drift of the.drifts) {
    if (drift.stream !== 'packages') continue;
    const name = drift.key.slice(drift.key.indexOf(' ') + 1);
    const { severity, reason } = weigh(name, drift.before, drift.after);
    const allowed = the.policy.allow.find((r) => r.rule.fact === 'package' && r.matches({ name }));
    findings.set(
      packageName(drift.key),
      makeFinding(the.instance.id, 'package', drift.change, name, {
        severity,
        disposition: allowed ? 'expected' : 'drift',
        rule: allowed?.rule.id ?? 'package/not-as-in-image',
        reason: allowed?.rule.reason ?? reason,
        explained: true,
        controls: ['NIST 800-53 CM-3', 'PCI DSS 11.5.2'],
        ...(drift.before === undefined ? {} : { before: { version: drift.before } }),
        ...(drift.after === undefined ? {} : { after: { version: drift.after } }),
      }),
    );
  }
  return { changed: new Set(findings.keys()), findings };
}

function weigh(
  name: string,
  before: string | undefined,
  after: string | undefined,
): { severity: Severity; reason: string } {
  if (before === undefined)
    return { severity: 'medium', reason: `${name} was installed on the running server; the image does not have it` };
  if (after === undefined) return { severity: 'medium', reason: `${name} was removed from the running server` };
  const direction = compareVersions(before, after);
  if (direction < 0)
    return { severity: 'medium', reason: `${name} was upgraded in place; the image has the older version` };
  if (direction > 0)
    return { severity: 'high', reason: `${name} was downgraded in place: old versions bring back old holes` };
  return { severity: 'medium', reason: `the state of ${name} in the package database changed` };
}

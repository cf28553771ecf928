import type { Attributes, Drift, Finding, FindingKind, Severity } from '../core/finding.ts';
import type { Case, PackageChanges } from './case.ts';
import { makeFinding } from './make.ts';

/** What a setting of a package manager is to a person. */
interface Kind {
  kind: FindingKind;
  subject(name: string): string;
  attributes(value: string): Attributes;
  /** Why it matters, and how much. */
  weigh(value: string): { severity: Severity; reason: string; tamper?: boolean };
}

const kinds: Readonly<Record<string, Kind>> = {
  'dpkg-diversion': {
    kind: 'package',
    subject: (path) => `diversion of ${path}`,
    attributes: (value) => ({ by: value.split(' ', 1)[0] ?? '', to: value.slice(value.indexOf(' ') + 1) }),
    weigh: () => ({
      severity: 'high',
      reason: 'dpkg puts the file of packages elsewhere: no upgrade mends what is there',
    }),
  },
  'dpkg-statoverride': {
    kind: 'package',
    subject: (path) => `statoverride of ${path}`,
    attributes: (value) => {
      const [user = '', group = '', mode = ''] = value.split(' ');
      return { owner: `${user}:${group}`, mode };
    },
    weigh: (value) => {
      const mode = Number.parseInt(value.split(' ')[2] ?? '', 8);
      if (mode & 0o6000)
        return { severity: 'critical', reason: 'dpkg makes it run with the rights of its owner', tamper: true };
      if (mode & 0o002) return { severity: 'high', reason: 'dpkg lets everybody write it' };
      return { severity: 'medium', reason: 'dpkg gives it another owner or mode than its package' };
    },
  },
  'dpkg-arch': {
    kind: 'package',
    subject: (name) => `foreign architecture ${name}`,
    attributes: () => ({}),
    weigh: () => ({ severity: 'medium', reason: 'it decides for which architectures packages may be installed' }),
  },
  'rpm-key': {
    kind: 'key',
    subject: (version) => `package signing key ${version}`,
    attributes: (value) => ({ summary: value }),
    weigh: () => ({ severity: 'high', reason: 'it decides who may sign packages' }),
  },
  'apk-world': {
    kind: 'package',
    subject: (name) => `apk world ${name}`,
    attributes: (value) => ({ constraint: value }),
    weigh: () => ({
      severity: 'low',
      reason: 'it was asked for or no longer asked for, though it was not installed or removed',
    }),
  },
};

/** Judges a setting that is not as in the image: part of its package's finding where that brought it, else its own. */
export function judgeSettings(the: Case, drift: Drift, packages: PackageChanges): void {
  const space = drift.key.indexOf(' ');
  const word = drift.key.slice(0, space);
  const name = drift.key.slice(space + 1);
  const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  if (!kind) return;
  const owner = broughtBy(the, word, name, drift, packages);
  if (owner) {
    owner.explains++;
    packages.settings.set(drift.key, owner);
    return;
  }
  const subject = kind.subject(name);
  const allowed = the.policy.allow.find((r) => r.rule.fact === 'package' && r.matches({ name: subject }));
  const { severity, reason, tamper = false } = kind.weigh(drift.after ?? '');
  const finding = makeFinding(the.instance.id, kind.kind, drift.change, subject, {
    severity: drift.change === 'removed' && severity !== 'low' ? 'medium' : severity,
    disposition: allowed ? 'expected' : 'drift',
    rule: allowed?.rule.id ?? `package/${word}`,
    reason: allowed?.rule.reason ?? reason,
    tamper,
    controls: ['NIST 800-53 CM-3', 'NIST 800-53 CM-6'],
    ...(drift.before === undefined ? {} : { before: kind.attributes(drift.before) }),
    ...(drift.after === undefined ? {} : { after: kind.attributes(drift.after) }),
  });
  packages.settings.set(drift.key, finding);
  packages.own.push(finding);
}

/** The finding of the package whose scripts made, or took away, the setting. */
function broughtBy(the: Case, word: string, name: string, drift: Drift, packages: PackageChanges): Finding | undefined {
  const value = drift.after ?? drift.before ?? '';
  if (word === 'dpkg-diversion') return packages.findings.get(value.split(' ', 1)[0] ?? '');
  if (word === 'apk-world') return packages.findings.get(name.replace(/^!/, ''));
  if (word !== 'dpkg-statoverride') return undefined;
  // A script asks for the rights of a file that its package brings; not later, for one that is there.
  const owner = packages.findings.get(the.live.recent.owner.get(name) ?? '');
  return owner?.change === 'added' ? owner : undefined;
}

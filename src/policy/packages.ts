import type { Attributes, Drift, Finding, Severity } from '../core/finding.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, PackageChanges } from './case.ts';
import { makeFinding } from './make.ts';
import { hasPlaces, namesOfPackage, type PackageKey, packageKey, placesOf } from './managers.ts';
import { judgeSettings } from './settings.ts';
import { compareVersions } from './version.ts';

/** Each package that is not as in the image is one finding; the files it explains are counted to it later. */
export function judgePackages(the: Case): PackageChanges {
  const packages: PackageChanges = {
    changed: new Set(),
    findings: new Map(),
    settings: new Map(),
    drifts: [],
    own: [],
  };
  const settings: Drift[] = [];
  for (const drift of the.drifts) {
    if (drift.stream !== 'packages') continue;
    const key = packageKey(drift.key);
    if (!key) settings.push(drift);
    else if (!isDistributions(the, key, drift)) {
      const finding = packageFinding(the, key, drift);
      packages.own.push(finding);
      // A mark (hold, auto) installs nothing: it explains no file but the one where it stands.
      if (!finding.explained) packages.settings.set(drift.key, finding);
      else {
        packages.findings.set(key.owner, finding);
        packages.drifts.push({ key, drift, finding });
        // What a tool of a language does rebuilds no cache and no database of the system.
        if (key.own) packages.changed.add(key.owner);
      }
    }
  }
  for (const drift of settings) judgeSettings(the, drift, packages);
  return packages;
}

function packageFinding(the: Case, key: PackageKey, drift: Drift): Finding {
  const names = namesOfPackage(key);
  const allowed = the.policy.allow.find((r) => r.rule.fact === 'package' && names.some((name) => r.matches({ name })));
  const { severity, reason, explained } = weigh(key, drift);
  return makeFinding(the.instance.id, 'package', drift.change, key.subject, {
    severity,
    disposition: allowed ? 'expected' : 'drift',
    rule: allowed?.rule.id ?? 'package/not-as-in-image',
    reason: allowed?.rule.reason ?? reason,
    explained,
    controls: ['NIST 800-53 CM-3', 'PCI DSS 11.5.2'],
    ...(drift.before === undefined ? {} : { before: attributes(key, drift.before) }),
    ...(drift.after === undefined ? {} : { after: attributes(key, drift.after) }),
  });
}

function attributes({ manager }: PackageKey, value: string): Attributes {
  if (!hasPlaces(manager)) return { manager, version: value };
  const places = placesOf(value);
  return {
    manager,
    version: places.map(({ version }) => version).join(', '),
    path: places.map(({ path }) => path).join(', '),
  };
}

/** Is a package of a language one of the distribution's, which has its own finding, or files that have theirs? */
function isDistributions(the: Case, { manager }: PackageKey, { before, after }: Drift): boolean {
  if (!hasPlaces(manager)) return false;
  const [old, now] = [placesOf(before), placesOf(after)];
  const one = ({ version, path }: { version: string; path: string }): string => `${version}\0${path}`;
  const [had, has] = [new Set(old.map(one)), new Set(now.map(one))];
  const differing = [...old, ...now].filter((place) => !had.has(one(place)) || !has.has(one(place)));
  return differing.every(({ path }) => {
    const owner = the.live.recent.owner.get(path) ?? lookup(the.image.owned, path)?.split(' ')[0];
    return owner !== undefined && !owner.includes(':');
  });
}

interface Weighed {
  severity: Severity;
  reason: string;
  /** Did a package change, not only what is noted about it? */
  explained: boolean;
}

function weigh(key: PackageKey, { before, after }: Drift): Weighed {
  const { subject } = key;
  const is = (severity: Severity, reason: string, explained = true): Weighed => ({ severity, reason, explained });
  if (before === undefined)
    return is('medium', `${subject} was installed on the running server; the image does not have it`);
  if (after === undefined) return is('medium', `${subject} was removed from the running server`);
  const versions = hasPlaces(key.manager)
    ? [before, after].map((value) =>
        placesOf(value)
          .map((p) => p.version)
          .join(','),
      )
    : [before, after];
  const [old = '', now = ''] = versions.map(withoutMarks);
  if (old === now) return markChange(subject, before, after);
  const [had, has] = [old.split(','), now.split(',')];
  if (had.every((version) => has.includes(version)))
    return is('medium', `another version of ${subject} was installed beside the image's`);
  if (key.manager === 'snap' || key.manager === 'flatpak')
    return is('medium', `${subject} was replaced in place by another revision`);
  const direction = compareVersions(old, now);
  if (direction < 0) return is('medium', `${subject} was upgraded in place; the image has the older version`);
  if (direction > 0) return is('high', `${subject} was downgraded in place: old versions bring back old holes`);
  return is('medium', `the state of ${subject} in the package database changed`);
}

/** What stands in parentheses behind a version, see collect/packages/dpkg.ts. */
function markChange(subject: string, before: string, after: string): Weighed {
  const of = (value: string) => new Set((/ \((.*)\)$/.exec(value)?.[1] ?? '').split(', '));
  const [old, now] = [of(before), of(after)];
  const gone = (mark: string) => old.has(mark) && !now.has(mark);
  const came = (mark: string) => now.has(mark) && !old.has(mark);
  if (came('hold'))
    return { severity: 'medium', reason: `${subject} is held: it gets no more upgrades`, explained: false };
  if (gone('hold')) return { severity: 'low', reason: `${subject} is held no longer`, explained: false };
  if (gone('auto'))
    return { severity: 'low', reason: `${subject} was marked as asked for by a person`, explained: false };
  if (came('auto'))
    return { severity: 'low', reason: `${subject} was marked as a dependency that may go`, explained: false };
  return { severity: 'medium', reason: `the state of ${subject} in the package database changed`, explained: true };
}

function withoutMarks(version: string): string {
  return version.replace(/ \([^()]*\)$/, '');
}

import { parseFileValue } from '../fingerprint/files.ts';
import { keysBelow, lookup } from '../fingerprint/stream.ts';
import type { Case, UniqueClaim } from './case.ts';

/**
 * Values that must be one of a kind (machine id, host keys), whether or not they differ from the image: a host key that
 * equals the image's is shared by every instance. Only literal candidates are looked up, so this costs no walk.
 */
export function uniqueClaims(the: Case): UniqueClaim[] {
  const rules = the.policy.expect.filter((r) => r.rule.unique && r.rule.fact === 'file');
  if (rules.length === 0) return [];
  const claims: UniqueClaim[] = [];
  for (const path of candidates(the)) {
    const hit = rules.find((r) => r.matches({ path }));
    const value = hit ? lookup(the.live.files, path) : undefined;
    if (!hit || value === undefined) continue;
    const file = parseFileValue(value);
    if (file.type !== 'f' || file.size === '0' || file.sha256 === '?') continue;
    const inImage = lookup(the.image.files, path);
    const same = inImage !== undefined && parseFileValue(inImage).sha256 === file.sha256;
    claims.push({ rule: hit.rule.id, subject: path, value: file.sha256, inImage: same });
  }
  return claims;
}

/** Directories that hold identities; `unique` rules outside of them are matched against drifts only. */
const identityDirectories = [
  '/etc/ssh/',
  '/etc/dropbear/',
  '/etc/machine-id',
  '/var/lib/dbus/',
  '/etc/iscsi/',
  '/etc/nvme/',
  '/etc/salt/',
  '/etc/krb5.keytab',
];

function candidates(the: Case): Set<string> {
  const paths = new Set(the.drifts.filter((d) => d.stream === 'files' && d.after !== undefined).map((d) => d.key));
  for (const prefix of identityDirectories) for (const path of keysBelow(the.live.files, prefix)) paths.add(path);
  return paths;
}

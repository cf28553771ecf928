import { createHash } from 'node:crypto';
import { display } from '../core/bytes.ts';
import type { Finding } from '../core/finding.ts';

/** A value that an instance holds and that no other may hold. */
export interface Claim {
  instance: string;
  rule: string;
  subject: string;
  value: string;
  inImage: boolean;
}

/** Identities that are not unique: equal on several instances, or baked into the image. One finding per instance and subject. */
export function sharedIdentities(claims: Claim[]): Map<string, Finding[]> {
  const holders = new Map<string, Set<string>>();
  for (const claim of claims) {
    const key = `${claim.rule}\0${claim.value}`;
    holders.set(key, (holders.get(key) ?? new Set()).add(claim.instance));
  }
  const findings = new Map<string, Finding[]>();
  for (const claim of claims) {
    const others = [...(holders.get(`${claim.rule}\0${claim.value}`) ?? [])].filter((id) => id !== claim.instance);
    if (others.length === 0 && !claim.inImage) continue;
    const shown = display(claim.subject);
    const reason = claim.inImage
      ? 'its value is baked into the image, so every instance has the same identity: seal the image'
      : `${others.length} other ${others.length === 1 ? 'instance has' : 'instances have'} the same value (${others.slice(0, 3).join(', ')}): the image was not sealed, or it was copied`;
    const hash = createHash('sha256')
      .update([claim.instance, 'shared', claim.subject].join('\0'), 'latin1')
      .digest('hex');
    const finding: Finding = {
      id: `sf-${hash.slice(0, 16)}`,
      kind: claim.subject.includes('ssh_host_') ? 'key' : 'instance',
      change: 'violates',
      subject: shown.text,
      ...(shown.base64 ? { subjectBase64: shown.base64 } : {}),
      severity: 'high',
      disposition: 'violation',
      rule: claim.rule,
      reason,
      after: { sha256: claim.value, sharedWith: others.slice(0, 20) },
      explains: 0,
      explained: false,
      tamper: false,
      ...(claim.inImage ? { imageFault: true } : {}),
      controls: ['NIST 800-53 CM-6'],
    };
    findings.set(claim.instance, [...(findings.get(claim.instance) ?? []), finding]);
  }
  return findings;
}

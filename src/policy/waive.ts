import type { Finding } from '../core/finding.ts';
import { isOpen } from '../core/window.ts';
import type { Case } from './case.ts';

/** A live finding that a waiver covers becomes `waived`; an expired waiver is never honoured. */
export function waive(the: Case, finding: Finding): Finding {
  if (finding.disposition !== 'drift' && finding.disposition !== 'violation') return finding;
  const found = the.policy.waivers.find(
    ({ waiver, starts, expires, instance, image, subject }) =>
      expires > the.now &&
      starts <= the.now &&
      (!waiver.windows || waiver.windows.some((window) => isOpen(window, the.now))) &&
      (!waiver.finding || waiver.finding === finding.id) &&
      instance(the.instance.id) &&
      image(the.instance.imageRef) &&
      (!waiver.kinds || waiver.kinds.includes(finding.kind)) &&
      (subject(finding.subject) || subject(fileOf(finding))) &&
      (!waiver.sha256 || finding.after?.['sha256'] === waiver.sha256),
  );
  if (!found) return finding;
  const { waiver } = found;
  const ticket = waiver.ticket ? `, ${waiver.ticket}` : '';
  return {
    ...finding,
    disposition: 'waived',
    rule: waiver.id,
    reason: `${finding.reason} (waived by ${waiver.owner} until ${waiver.expires}${ticket}: ${waiver.reason})`,
  };
}

/** The file whose difference the finding tells, where that is not its subject. */
function fileOf({ before, after }: Finding): string {
  const file = after?.['file'] ?? before?.['file'];
  return typeof file === 'string' ? file : '';
}

import { hash } from 'node:crypto';
import { display } from '../core/bytes.ts';
import type { Change, Finding, FindingKind } from '../core/finding.ts';

/** The parts of a finding that a judge decides; the rest has defaults. */
export type FindingParts = Pick<Finding, 'severity' | 'disposition' | 'rule' | 'reason'> &
  Partial<
    Pick<
      Finding,
      'before' | 'after' | 'diff' | 'ownedBy' | 'considered' | 'explains' | 'explained' | 'tamper' | 'controls'
    >
  >;

/** Makes a finding. `subject` is canonical (escaped latin1); the finding carries what a person may see of it. */
export function makeFinding(
  instance: string,
  kind: FindingKind,
  change: Change,
  subject: string,
  parts: FindingParts,
): Finding {
  const shown = display(subject);
  return {
    id: findingId(instance, kind, change, subject),
    kind,
    change,
    subject: shown.text,
    ...(shown.base64 ? { subjectBase64: shown.base64 } : {}),
    explains: 0,
    explained: false,
    tamper: false,
    controls: [],
    ...parts,
  };
}

const ascii = /^[\0-\x7f]*$/;

/** Stable over scans: nothing of the value goes in, so a further change of the same subject keeps its id. */
export function findingId(instance: string, kind: FindingKind, change: Change, subject: string): string {
  const text = `${instance}\0${kind}\0${change}\0${subject}`;
  // Of bytes; of text that is all ASCII, and that is nearly all, this is the same and cheaper.
  return `sf-${hash('sha256', ascii.test(text) ? text : Buffer.from(text, 'latin1')).slice(0, 16)}`;
}

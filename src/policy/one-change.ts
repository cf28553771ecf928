import { compareSeverity, type Finding, isLive } from '../core/finding.ts';
import { differingExtra, type FileValue } from '../fingerprint/files.ts';
import type { FileDrift } from './case.ts';
import type { Folded } from './fold.ts';

/** What a file or a tree is, wherever it lies; undefined for what is too common to be known again: empty, or not hashed. */
export function likeness({ file, below }: Folded): string | undefined {
  const all = [file, ...below];
  const root = file.drift.key;
  if (file.drift.change === 'changed' || !all.some((one) => hasContent(sideOf(one)))) return undefined;
  return all.map((one) => `${one.drift.key.slice(root.length)}\0${marks(sideOf(one))}`).join('\0');
}

const sideOf = ({ before, after }: FileDrift) => (after ?? before) as FileValue;
const hasContent = (file: FileValue) => file.type === 'f' && file.size !== '0' && /^[0-9a-f]{64}$/.test(file.sha256);

function marks({ type, mode, uid, gid, size, sha256, capabilities, extra, link }: FileValue): string {
  const rights = differingExtra({}, extra).filter(
    (name) => name === 'acl' || name === 'defaultAcl' || name === 'flags',
  );
  return JSON.stringify([type, mode, uid, gid, size, sha256, capabilities, rights.map((name) => extra[name]), link]);
}

/** What a file or a tree is whose first finding has some id. */
export interface Place {
  likeness: string;
  /** Format by which it is understood; empty where it has no meaning. */
  format: string;
  /** Ids of all its findings. */
  ids: readonly string[];
}

/**
 * What was one act is one finding: a file or a tree that was moved (gone here, and there again with the same content,
 * mode and owner), and a unit with the links that enable it. Only what counts is joined with what counts, so nothing that
 * a rule or a waiver does not cover goes with something that one covers; the graver of two severities stays.
 */
export function oneChange(findings: readonly Finding[], places: ReadonlyMap<string, Place>): Finding[] {
  return joinEnabled(joinMoves(findings, places));
}

function joinMoves(findings: readonly Finding[], places: ReadonlyMap<string, Place>): Finding[] {
  const alike = Map.groupBy(
    findings.filter((finding) => isLive(finding) && places.has(finding.id)),
    (finding) => places.get(finding.id)?.likeness ?? '',
  );
  const joined = new Map<Finding, Finding | undefined>();
  for (const same of alike.values()) {
    const gone = same.filter(({ change }) => change === 'removed');
    const come = same.filter(({ change }) => change === 'added');
    // Of equal files nobody knows which one went where, and it makes no difference.
    if (gone.length !== come.length) continue;
    for (const [i, from] of gone.entries()) {
      const to = come[i] as Finding;
      const [a, b] = [places.get(from.id) as Place, places.get(to.id) as Place];
      if (from.disposition !== to.disposition || from.tamper !== to.tamper) continue;
      if (a.format !== '' && b.format !== '' && a.format !== b.format) continue;
      // What has a meaning says more than a path; where both have, they say the same.
      const [stays, goes] = a.format === '' && b.format !== '' ? [to, from] : [from, to];
      const more =
        a.format === b.format
          ? findings.filter(({ id }) => id !== from.id && id !== to.id && [...a.ids, ...b.ids].includes(id))
          : [];
      if (!more.every((one) => isLive(one) && one.disposition === from.disposition)) continue;
      const way = stays === from ? `moved to ${shown(to)}` : `moved from ${shown(from)}`;
      const [was, is] = [from.before, to.after];
      const one = join(stays, goes, `${way} (${goes.reason})`);
      one.explains += more.length;
      for (const other of more) joined.set(other, undefined);
      joined.set(stays, {
        ...one,
        ...(was ? { before: was } : {}),
        ...(is ? { after: { path: shown(to), ...is } } : {}),
      });
      joined.set(goes, undefined);
    }
  }
  return apply(findings, joined);
}

/** Links below `TARGET.wants` are a part of bringing a unit, or of taking it away. */
function joinEnabled(findings: readonly Finding[]): Finding[] {
  const units = new Map(
    findings
      .filter((finding) => finding.kind === 'service' && isLive(finding))
      .map((finding) => [`${finding.change} ${finding.subject}`, finding]),
  );
  const joined = new Map<Finding, Finding | undefined>();
  for (const link of findings) {
    const [, unit = '', where = ''] = /^(unit .+) (enabled in .+)$/.exec(link.subject) ?? [];
    if (link.kind !== 'service' || !isLive(link) || unit === '') continue;
    const template = unit.replace(/@[^ ]*(\.[a-z]+)( of .*)?$/, '@$1$2');
    const own = units.get(`${link.change} ${unit}`) ?? units.get(`${link.change} ${template}`);
    if (!own || own === link || own.disposition !== link.disposition) continue;
    joined.set(own, join(joined.get(own) ?? own, link, own.subject === unit ? where : link.subject));
    joined.set(link, undefined);
  }
  return apply(findings, joined);
}

function join(stays: Finding, goes: Finding, word: string): Finding {
  const graver = compareSeverity(goes.severity, stays.severity) > 0 ? goes : stays;
  return {
    ...stays,
    ...{ severity: graver.severity, rule: graver.rule, tamper: stays.tamper || goes.tamper },
    reason: `${stays.reason}; ${word}`,
    explains: stays.explains + goes.explains + 1,
    controls: [...new Set([...stays.controls, ...goes.controls])],
    ...(stays.ownedBy || goes.ownedBy ? ({ ownedBy: stays.ownedBy ?? goes.ownedBy } as { ownedBy: string }) : {}),
  };
}

function shown(finding: Finding): string {
  const file = finding.after?.['file'] ?? finding.before?.['file'];
  return typeof file === 'string' ? file : finding.subject;
}

/** The findings with those replaced that stand for more now, and without those that they stand for. */
function apply(findings: readonly Finding[], joined: ReadonlyMap<Finding, Finding | undefined>): Finding[] {
  return findings.flatMap((finding) => (joined.has(finding) ? (joined.get(finding) ?? []) : finding));
}

import { display, unescapeName } from '../core/bytes.ts';
import type { Attributes, Finding, FindingKind } from '../core/finding.ts';
import { aclText } from '../fingerprint/acl.ts';
import {
  differInCapabilities,
  differingExtra,
  type Extra,
  type ExtraName,
  type FileValue,
  parseFileValue,
} from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, FileDrift, PackageChanges } from './case.ts';
import { changedOf } from './changed.ts';
import type { AboutFile } from './compile.ts';
import { type FileSight, misfit, withoutLaunchKeys } from './expectation.ts';
import { makeFinding } from './make.ts';
import { serversOf } from './name-servers.ts';
import { judgedOnce } from './plain.ts';
import { unifiedDiff } from './textdiff.ts';
import { weigh } from './weigh.ts';

/** The file drifts of a case. */
export function fileDrifts(the: Case): FileDrift[] {
  return the.drifts
    .filter((drift) => drift.stream === 'files')
    .map((drift) => {
      const owner = lookup(the.image.owned, drift.key)?.split(' ')[0];
      return {
        drift,
        ...(drift.before === undefined ? {} : { before: parseFileValue(drift.before) }),
        ...(drift.after === undefined ? {} : { after: parseFileValue(drift.after) }),
        ...(owner ? { ownedBy: owner } : {}),
      };
    });
}

/** A file's finding, and why no expectation covers it: `; RULE does not cover it: ...`, or nothing. */
export interface JudgedFile {
  finding: Finding;
  doubt: string;
}

/** Judges one file that nothing else explains: expected by a rule, or drift with a severity by what the file is. */
export function judgeFile(the: Case, file: FileDrift, packages: PackageChanges): JudgedFile {
  const { drift } = file;
  const text = textsOf(the, file);
  const about = the.policy.about(drift.key);
  if (isPlain(the, file, text, about))
    return { finding: judgedOnce(the, file, () => drifted(the, file, text, '', [])), doubt: '' };
  const sight: FileSight = {
    ...{ change: drift.change, launchKeys: the.live.os.launchKeys, ...sides(file), ...text },
    idOf: (kind, name) => lookup(the.live.accounts, `${kind} ${name}`)?.split('\t')[0],
    unread: { texts: the.live.partial.includes('contents'), accounts: the.live.partial.includes('accounts') },
    ...(file.sameAs === undefined ? {} : { sameAs: file.sameAs }),
    nameServers: serversOf(the, drift.key),
  };
  let doubt = '';
  const passed: Considered = [];
  for (const { rule, matches } of about.expect) {
    if (rule.when === 'packages-changed' && !changedOf(packages, rule.packages)) {
      passed.push({ rule: rule.id, why: 'none of its packages changed' });
      continue;
    }
    const wrong = misfit(rule, sight, matches);
    if (wrong === undefined) return { finding: expected(the, file, rule, passed), doubt };
    passed.push({ rule: rule.id, why: wrong });
    doubt ||= `; ${rule.id} does not cover it: ${wrong}`;
  }
  const [allowed] = about.allow;
  if (allowed) return { finding: expected(the, file, allowed.rule, passed), doubt };
  return { finding: drifted(the, file, { ...text, shown: withoutLaunchKeys(sight) }, doubt, passed), doubt };
}

/** Is nothing of it this instance's own but its digest? */
function isPlain({ live }: Case, { drift, sameAs }: FileDrift, text: Texts, { expect, allow }: AboutFile): boolean {
  return (
    expect.length + allow.length === 0 &&
    text.oldContent === undefined &&
    text.newContent === undefined &&
    sameAs === undefined &&
    !live.modified.has(drift.key) &&
    !live.changing?.has(drift.key)
  );
}

/** Drift, with the severity of what the file is. */
function drifted(the: Case, file: FileDrift, text: Texts, doubt: string, passed: Considered): Finding {
  const { drift, ownedBy } = file;
  const weight = weigh(the, file);
  const diff =
    text.oldContent === undefined && drift.change === 'changed'
      ? undefined
      : unifiedDiff(drift.key, text.oldContent, text.shown);
  return finding(the, file, weight?.as ?? 'file', {
    severity: weight?.severity ?? 'low',
    disposition: 'drift',
    rule: weight?.id ?? 'severity/none',
    reason: `${what(file)}: ${weight?.reason ?? 'not part of the image'}${doubt}`,
    tamper: weight?.tamper === true,
    controls: weight?.controls ?? [],
    ...(diff ? { diff } : {}),
    ...(ownedBy ? { ownedBy } : {}),
    ...told(passed),
  });
}

type Considered = NonNullable<Finding['considered']>;

/** Most rules that are told to have been passed over. */
const mostConsidered = 5;

const told = (passed: Considered): { considered?: Considered } =>
  passed.length > 0 ? { considered: passed.slice(0, mostConsidered) } : {};

function expected(
  the: Case,
  file: FileDrift,
  { id, reason }: { id: string; reason: string },
  passed: Considered,
): Finding {
  return finding(the, file, 'file', { severity: 'info', disposition: 'expected', rule: id, reason, ...told(passed) });
}

/** What is known of the text of a file, before and now; `shown`: now, as it may be shown. */
interface Texts {
  oldContent?: string;
  newContent?: string;
  shown?: string | undefined;
}

function textsOf(the: Case, { drift, before, after }: FileDrift): Omit<Texts, 'shown'> {
  const oldContent =
    before?.type === 'f' ? (before.size === '0' ? '' : lookup(the.image.contents, drift.key)) : undefined;
  const newContent = after?.type === 'f' ? (after.size === '0' ? '' : lookup(the.live.contents, drift.key)) : undefined;
  return {
    ...(oldContent === undefined ? {} : { oldContent: unescapeName(oldContent) }),
    ...(newContent === undefined ? {} : { newContent: unescapeName(newContent) }),
  };
}

function sides({ before, after }: FileDrift) {
  return { ...(before ? { before } : {}), ...(after ? { after } : {}) };
}

/** What an entry is, where that is not what its path lets one think. */
function nature(file: FileValue | undefined): string {
  if (!file || file.type === 'f' || file.type === 'd') return '';
  if (file.type === 'l') return ` (link to ${printableLink(file.link)})`;
  return ` (${typeNames[file.type] ?? 'of an unknown type'}${file.extra.device ? ` ${file.extra.device}` : ''})`;
}

/** What differs, in words. */
function what(file: FileDrift): string {
  const { drift, before, after } = file;
  if (file.sameAs !== undefined) return `added, another name (hard link) of ${printableLink(file.sameAs)}`;
  if (!before || !after) return `${drift.change}${nature(after ?? before)}`;
  if (before.type !== after.type) return 'another type of file';
  const content = before.sha256 !== after.sha256 || before.size !== after.size ? ['content'] : [];
  return `${[...content, ...beyondContent(file)].join(', ')} changed`;
}

/** What differs beside the content, in words; nothing where a file was added or removed. */
export function beyondContent({ before, after }: FileDrift): string[] {
  const parts: string[] = [];
  if (!before || !after || before.type !== after.type) return parts;
  if (before.mode !== after.mode) parts.push(`mode ${before.mode} -> ${after.mode}`);
  if (before.uid !== after.uid || before.gid !== after.gid)
    parts.push(`owner ${before.uid}:${before.gid} -> ${after.uid}:${after.gid}`);
  if (differInCapabilities(before, after)) parts.push('file capabilities');
  for (const name of differingExtra(before.extra, after.extra))
    parts.push(
      name === 'links' ? `${before.extra.links ?? 1} -> ${after.extra.links} names (hard links)` : extraNames[name],
    );
  if (before.link !== after.link) parts.push('link target');
  return parts;
}

function finding(the: Case, file: FileDrift, kind: FindingKind, parts: Parameters<typeof makeFinding>[4]): Finding {
  const before = attributes(file.before);
  const after = attributes(file.after, the.live.modified.get(file.drift.key));
  // Its digest is of no one moment; that it is not the image's stands.
  if (after && the.live.changing?.has(file.drift.key)) after['changedWhileRead'] = true;
  return makeFinding(the.instance.id, kind, file.drift.change, file.drift.key, {
    ...parts,
    ...(before ? { before } : {}),
    ...(after ? { after } : {}),
  });
}

const typeNames: Record<string, string> = {
  f: 'file',
  d: 'directory',
  l: 'link',
  b: 'block device',
  c: 'character device',
  p: 'fifo',
  s: 'socket',
};

function attributes(file: FileValue | undefined, modified?: number): Attributes | undefined {
  if (!file) return undefined;
  return {
    type: typeNames[file.type] ?? file.type,
    mode: file.mode.padStart(4, '0'),
    owner: `${file.uid}:${file.gid}`,
    ...(file.type === 'f' ? { size: Number(file.size), sha256: file.sha256 === '?' ? 'unknown' : file.sha256 } : {}),
    ...(/^[-?]$/.test(file.capabilities) ? {} : { capabilities: file.capabilities }),
    ...extraWords(file.extra),
    ...(file.type === 'l' ? { link: printableLink(file.link) } : {}),
    ...(modified ? { modifiedAt: new Date(modified * 1000).toISOString() } : {}),
  };
}

const extraNames: Record<ExtraName, string> = {
  acl: 'access control list',
  defaultAcl: 'default access control list',
  selinux: 'SELinux label',
  flags: 'immutable or append-only flag',
  device: 'device number',
  links: 'number of names',
};

function extraWords({ acl, defaultAcl, flags, links, unread: _, ...rest }: Extra): Attributes {
  return {
    ...(acl ? { acl: aclText(acl) } : {}),
    ...(defaultAcl ? { defaultAcl: aclText(defaultAcl) } : {}),
    ...(flags ? { flags: [...flags].map((flag) => (flag === 'i' ? 'immutable' : 'append-only')) } : {}),
    ...(links ? { names: Number(links) } : {}),
    ...rest,
  };
}

function printableLink(link: string): string {
  return display(link).text;
}

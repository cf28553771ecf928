import type { Attributes, Change } from '../core/finding.ts';
import { isLive } from '../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../core/report.ts';
import type { ExpectRule } from '../schema/policy.ts';

/** What freshly launched instances teach: rules to review, and what no rule is proposed for. */
export interface Lesson {
  rules: { rule: ExpectRule; seen: number; of: number }[];
  /** One line each: what differed, and why nobody should expect it without looking. */
  refused: string[];
}

/** Kinds of findings that stand for a file. */
const ofFiles = new Set(['file', 'setting', 'service', 'job', 'key', 'module', 'mount', 'account']);

/**
 * Typed expectations for what differed on untouched instances of one image. Nothing is proposed that would hide a
 * program, a set-id file or a change without a shape: for a text, each line must be of the form that was seen.
 */
export function learn(instances: readonly InstanceReport[]): Lesson {
  const files = new Map<string, { finding: ReportFinding; diffs: string[] }[]>();
  const refused: string[] = [];
  for (const { findings } of instances) {
    const mine = new Map<string, { finding: ReportFinding; diffs: string[] }>();
    for (const finding of findings.filter(isLive)) {
      const path = pathOf(finding);
      const why = path === undefined ? 'it is no file' : reasonToRefuse(finding);
      if (path === undefined || why !== undefined)
        refused.push(`${finding.kind} ${finding.subject} (${finding.change}): ${why}`);
      else {
        const one = mine.get(path) ?? { finding, diffs: [] };
        if (finding.diff) one.diffs.push(finding.diff);
        mine.set(path, one);
      }
    }
    for (const [path, one] of mine) files.set(path, [...(files.get(path) ?? []), one]);
  }
  const rules = [...files].flatMap(([path, seen]) => {
    const rule = ruleFor(path, seen, instances.length);
    if (typeof rule === 'string') refused.push(`file ${path}: ${rule}`);
    return typeof rule === 'string' ? [] : [{ rule, seen: seen.length, of: instances.length }];
  });
  return { rules, refused: [...new Set(refused)].sort() };
}

function pathOf({ kind, subject, before, after }: ReportFinding): string | undefined {
  const file = after?.['file'] ?? before?.['file'] ?? subject;
  return ofFiles.has(kind) && typeof file === 'string' && file.startsWith('/') ? file : undefined;
}

function reasonToRefuse({ change, tamper, after }: ReportFinding): string | undefined {
  if (tamper) return 'it looks like tampering';
  if (change === 'violates') return 'a rule forbids it';
  if (change === 'removed') return 'bake the image without it';
  const mode = Number.parseInt(String(after?.['mode'] ?? '0'), 8);
  if (typeof after?.['mode'] !== 'string' || typeof after['owner'] !== 'string') return 'it is not the file itself';
  if ((mode & 0o6000) !== 0) return 'it is set-id';
  if ((mode & 0o002) !== 0 && after['type'] !== 'link') return 'anybody may write it';
  if (after?.['type'] === 'file' && (mode & 0o111) !== 0) return 'it is a program: bake it into the image';
  if (after?.['capabilities'] !== undefined) return 'it has file capabilities';
  return undefined;
}

function ruleFor(path: string, seen: { finding: ReportFinding; diffs: string[] }[], of: number): ExpectRule | string {
  if (seen.length * 2 <= of && of > 1) return `seen on ${seen.length} of ${of} only: were these instances untouched?`;
  const sides = seen.map(({ finding }) => finding.after ?? {});
  const changes = [...new Set(seen.map(({ finding }) => finding.change))] as Exclude<Change, 'violates'>[];
  const type = only(sides.map((side) => side['type']));
  if (type === undefined) return 'its type is not the same everywhere';
  const texts = seen.flatMap(({ diffs }) => diffs);
  const inEtc = path.startsWith('/etc/');
  if (inEtc && type === 'file' && texts.length < seen.length)
    return 'its text was not seen, and nothing below /etc is expected unseen';
  const sizes = sides.map((side) => Number(side['size'] ?? 0));
  const digests = sides.map((side) => side['sha256']);
  const unique = of > 1 && seen.length === of && digests.every((d) => d !== undefined) && new Set(digests).size === of;
  return {
    id: `learned${path
      .toLowerCase()
      .replace(/[^a-z0-9/]+/g, '-')
      .replace(/-+$|(?<=\/)-+/g, '')}`,
    kind: 'expect',
    fact: 'file',
    paths: [path.replace(/[\\*?[\]{}()!+@|]/g, '\\$&')],
    changes,
    reason: `seen on ${seen.length} of ${of} untouched instances; say here why it differs`,
    only: {
      type: ({ file: 'f', directory: 'd', link: 'l' } as const)[type as 'file' | 'directory' | 'link'],
      modes: unique1(sides.map((side) => String(side['mode']))),
      owners: unique1(sides.map((side) => String(side['owner']))),
      ...(type === 'file' ? { maxSize: roomFor(Math.max(...sizes)) } : {}),
      ...(texts.length > 0 ? { lines: linesPattern(texts) } : {}),
    },
    ...(unique && type === 'file' ? { unique: true as const } : {}),
    examples: {
      hit: [exampleOf(path, seen[0]?.finding)],
      miss: [{ path, change: changes[0] ?? 'changed', type: 'f', mode: '4777' }],
    },
  };
}

function only<T>(values: readonly T[]): T | undefined {
  return new Set(values).size === 1 ? values[0] : undefined;
}

const unique1 = (values: string[]): string[] => [...new Set(values)].sort();

/** The next power of two above twice the size: what differs a little still fits. */
const roomFor = (size: number): number => 2 ** Math.ceil(Math.log2(Math.max(64, size * 2)));

/** A pattern that each line added or removed matches: words that were the same stay, others become their class. */
function linesPattern(diffs: readonly string[]): string {
  const lines = diffs.flatMap((diff) =>
    diff
      .split('\n')
      .filter((line) => /^[-+]/.test(line) && !/^(---|\+\+\+) /.test(line))
      .map((line) => line.slice(1)),
  );
  return [...new Set(lines.map(shapeOf))].sort().join('|');
}

/** A line with its numbers, digests, addresses and names of hosts as classes. */
function shapeOf(line: string): string {
  return line
    .split(/(\s+)/)
    .map((word) => {
      if (/^\s*$/.test(word)) return word === '' ? '' : '\\s+';
      if (/^[0-9]+$/.test(word)) return '[0-9]+';
      if (/^[0-9a-f]{16,}$/i.test(word)) return '[0-9A-Fa-f]+';
      if (/^[0-9.]+(\/\d+)?$/.test(word)) return '[0-9.]+(/[0-9]+)?';
      return word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/[0-9]+/g, '[0-9]+');
    })
    .join('');
}

function exampleOf(path: string, finding: ReportFinding | undefined) {
  const after: Attributes = finding?.after ?? {};
  const added = (finding?.diff ?? '').split('\n').filter((line) => line.startsWith('+') && !line.startsWith('+++ '));
  const text = added.map((line) => `${line.slice(1)}\n`).join('');
  return {
    path,
    change: (finding?.change ?? 'changed') as 'added' | 'changed',
    type: ({ file: 'f', directory: 'd', link: 'l' } as const)[String(after['type']) as 'file'] ?? ('f' as const),
    mode: String(after['mode'] ?? '0644'),
    owner: String(after['owner'] ?? '0:0'),
    ...(text === '' ? { size: Number(after['size'] ?? 0) } : { after: text }),
    ...(typeof after['link'] === 'string' ? { link: after['link'] } : {}),
  };
}

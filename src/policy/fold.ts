import type { Finding } from '../core/finding.ts';
import type { Case, FileDrift } from './case.ts';
import { weigh } from './weigh.ts';

/** Severity entries that say nothing special of a file: only such files may disappear into the finding of their directory. */
const plain = new Set([
  'severity/data',
  'severity/system',
  'severity/configuration',
  'severity/packaged-file',
  undefined,
]);

/** A drift and the plain ones below it that it stands for. */
export interface Folded {
  file: FileDrift;
  explains: number;
  /** What it stands for. */
  below: FileDrift[];
}

/**
 * A directory that was added (or removed) with all that is in it is one finding. What is grave by itself (an
 * executable, a key, a job) and what has a meaning of its own keeps its own finding. Drifts come sorted by key, so a directory comes before its contents.
 */
export function foldTrees(the: Case, files: FileDrift[], means: (file: FileDrift) => boolean = () => false): Folded[] {
  const result: Folded[] = [];
  const open = new Map<string, Folded>();
  for (const file of files) {
    const { change, key } = file.drift;
    const parent = open.get(`${change} ${key.slice(0, key.lastIndexOf('/'))}`);
    const side = file.after ?? file.before;
    const isDirectory = side?.type === 'd';
    if (parent && change !== 'changed' && plain.has(weigh(the, file)?.id) && !means(file)) {
      parent.explains++;
      parent.below.push(file);
      if (isDirectory) open.set(`${change} ${key}`, parent);
      continue;
    }
    const folded: Folded = { file, explains: 0, below: [] };
    result.push(folded);
    if (isDirectory && change !== 'changed') open.set(`${change} ${key}`, folded);
  }
  return result;
}

/** A drift with its own finding and what it means, which may be that finding again. */
export interface Told {
  file: FileDrift;
  itself: Finding;
  findings: Finding[];
}

/**
 * A directory that was made for the files in it, or went with them, says nothing that their facts do not: its finding
 * goes into the first of those. One that others may write to, and one that holds more than facts, stays.
 */
export function foldDirectories(told: readonly Told[]): Finding[] {
  const heirs = new Map<string, Told>();
  for (const one of told) {
    const { key, change } = one.file.drift;
    if (one.findings[0] === one.itself) continue;
    for (let at = key.lastIndexOf('/'); at > 0; at = key.lastIndexOf('/', at - 1)) {
      const above = `${change} ${key.slice(0, at)}`;
      if (heirs.has(above)) break;
      heirs.set(above, one);
    }
  }
  const gone = new Set<Told>();
  for (const one of told) {
    const { drift, before, after } = one.file;
    const heir = heirs.get(`${drift.change} ${drift.key}`);
    const side = after ?? before;
    const plainRights = side?.extra.acl === undefined && side?.extra.defaultAcl === undefined;
    const closed = side?.type === 'd' && plainRights && (Number.parseInt(side.mode, 8) & 0o022) === 0;
    const [first, ...rest] = heir?.findings ?? [];
    if (!heir || !first || !closed || one.itself.explains > 0) continue;
    heir.findings = [{ ...first, explains: first.explains + 1 }, ...rest];
    gone.add(one);
  }
  return told.filter((one) => !gone.has(one)).flatMap((one) => one.findings);
}

import type { Case } from './case.ts';
import { type FileDrift, weigh } from './files.ts';

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
}

/**
 * A directory that was added (or removed) with all that is in it is one finding. What is grave by itself (an
 * executable, a key, a job) keeps its own finding. Drifts come sorted by key, so a directory comes before its contents.
 */
export function foldTrees(the: Case, files: FileDrift[]): Folded[] {
  const result: Folded[] = [];
  const open = new Map<string, Folded>();
  for (const file of files) {
    const { change, key } = file.drift;
    const parent = open.get(`${change} ${key.slice(0, key.lastIndexOf('/'))}`);
    const side = file.after ?? file.before;
    const isDirectory = side?.type === 'd';
    if (parent && change !== 'changed' && plain.has(weigh(the, file)?.id)) {
      parent.explains++;
      if (isDirectory) open.set(`${change} ${key}`, parent);
      continue;
    }
    const folded = { file, explains: 0 };
    result.push(folded);
    if (isDirectory && change !== 'changed') open.set(`${change} ${key}`, folded);
  }
  return result;
}

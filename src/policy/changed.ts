import type { PackageChanges } from './case.ts';
import { globs } from './glob.ts';

const asked = new WeakMap<PackageChanges, Map<readonly string[] | undefined, boolean>>();

/** Did a package change that one of these globs names? Asked of many files, answered once. */
export function changedOf(packages: PackageChanges, patterns: readonly string[] | undefined): boolean {
  const answers = asked.get(packages) ?? new Map<readonly string[] | undefined, boolean>();
  asked.set(packages, answers);
  const known = answers.get(patterns) ?? [...packages.changed].some(globs(patterns));
  answers.set(patterns, known);
  return known;
}

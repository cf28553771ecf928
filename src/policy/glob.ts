import picomatch from 'picomatch';
import { keyOf } from '../core/bytes.ts';

/** A test of a string against any of some globs; no globs = everything. */
export type Matches = (value: string) => boolean;

/** Compiles globs (bash's, with `**`, braces and classes; a leading dot is an ordinary character). With `bash`, `*` matches a slash too: names are no paths. */
export function globs(patterns: readonly string[] | undefined, bash = false): Matches {
  if (!patterns) return () => true;
  const compiled = patterns.map((pattern) => picomatch(keyOf(pattern), { dot: true, nonegate: true, bash }));
  return (value) => compiled.some((matches) => matches(value));
}

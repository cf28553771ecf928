import picomatch from 'picomatch';
import { keyOf } from '../core/bytes.ts';

/** A test of a string against any of some globs; no globs = everything. */
export type Matches = (value: string) => boolean;

/** Compiles globs (bash's, with `**`, braces and classes; a leading dot is an ordinary character). */
export function globs(patterns: readonly string[] | undefined): Matches {
  if (!patterns) return () => true;
  const compiled = patterns.map((pattern) => picomatch(keyOf(pattern), { dot: true, nonegate: true }));
  return (value) => compiled.some((matches) => matches(value));
}

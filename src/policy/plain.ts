import type { Fingerprint } from '../core/facts.ts';
import type { Drift, Finding } from '../core/finding.ts';
import type { Case, FileDrift } from './case.ts';
import type { CompiledPolicy } from './compile.ts';
import { findingId } from './make.ts';

/** Drifts that are remembered of an image; what each instance has for itself comes and goes. */
const mostKnown = 5000;

interface Known extends Pick<Drift, 'change' | 'before' | 'after'> {
  finding: Finding;
}

/** Of one image, by path. */
interface Judged {
  size: number;
  byPath: Map<string, Known[]>;
}

const judged = new WeakMap<CompiledPolicy, WeakMap<Fingerprint, Judged>>();

/**
 * A drift that says the same on every instance of an image: no rule expects it, nothing is known of its text, of when it was changed, or
 * of another name of it. Siblings drift alike, so it is judged once: `judge` is only called for what was not judged before.
 */
export function judgedOnce(the: Case, { drift }: FileDrift, judge: () => Finding): Finding {
  const { change, key, before, after } = drift;
  const of = judgedOf(the);
  const known = of.byPath.get(key) ?? [];
  const one = known.find((was) => was.after === after && was.before === before && was.change === change);
  if (one) return { ...one.finding, id: findingId(the.instance.id, one.finding.kind, change, key) };
  const finding = judge();
  if (of.size >= mostKnown) {
    of.byPath.clear();
    of.size = 0;
  }
  if (known.length === 0 || of.size === 0) of.byPath.set(key, known);
  known.push({
    change,
    finding,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
  of.size++;
  return finding;
}

function judgedOf({ policy, image }: Case): Judged {
  const byImage = judged.get(policy) ?? new WeakMap<Fingerprint, Judged>();
  judged.set(policy, byImage);
  const of = byImage.get(image) ?? { size: 0, byPath: new Map() };
  byImage.set(image, of);
  return of;
}

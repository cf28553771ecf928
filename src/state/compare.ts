import type { StateFact } from './format.ts';

/** One fact that differs between two sides. */
export interface FactDrift {
  change: 'added' | 'removed' | 'changed';
  before?: StateFact;
  after?: StateFact;
}

/**
 * Facts that differ, by kind and subject; the order in which a file states them is no difference. A line that was
 * rewritten is one change, not one line gone and another come.
 */
export function compareFacts(before: readonly StateFact[], after: readonly StateFact[]): FactDrift[] {
  const key = (fact: StateFact) => `${fact.kind} ${fact.subject}`;
  const old = new Map(before.map((fact) => [key(fact), fact]));
  const found: FactDrift[] = [];
  for (const fact of after) {
    const was = old.get(key(fact));
    old.delete(key(fact));
    if (!was) found.push({ change: 'added', after: fact });
    else if (textOf(was) !== textOf(fact)) found.push({ change: 'changed', before: was, after: fact });
  }
  const gone = [...old.values()];
  return [...rewritten(gone, found), ...gone.map((fact) => ({ change: 'removed' as const, before: fact }))];
}

/** Joins what is gone with what has come where that is plain; takes what it joined out of `gone`. */
function rewritten(gone: StateFact[], found: readonly FactDrift[]): FactDrift[] {
  const come = found.flatMap(({ change, after }) => (change === 'added' && after ? [after] : []));
  const was = new Map<StateFact, StateFact>();
  // Beyond these nobody tells them one by one, and to compare each with each takes long.
  if (come.length > 100 || gone.length > 100) return [...found];
  for (const fact of come) {
    const same = (other: StateFact) => kin(other, fact);
    const [mine, theirs] = [come.filter(same), gone.filter(same)];
    const old = mine.length === theirs.length ? theirs[mine.indexOf(fact)] : undefined;
    if (old && ![...was.values()].includes(old)) was.set(fact, old);
  }
  for (const old of was.values()) gone.splice(gone.indexOf(old), 1);
  return found.map((drift) => {
    const old = drift.after && drift.change === 'added' ? was.get(drift.after) : undefined;
    return old ? { ...drift, change: 'changed', before: old } : drift;
  });
}

/** Facts that are all subject, of one sort; or one that says more of the same thing. A key is itself and no other. */
function kin(a: StateFact, b: StateFact): boolean {
  if (a.kind !== b.kind || a.kind === 'key') return false;
  if (a === b || a.subject.startsWith(`${b.subject} `) || b.subject.startsWith(`${a.subject} `)) return true;
  const sort = (fact: StateFact) => fact.subject.split(' ', 1)[0];
  return textOf(a) === '' && textOf(b) === '' && sort(a) === sort(b);
}

/** Values as one text: a list is told apart from its only item no more than a reader would. */
function textOf(fact: StateFact): string {
  return typeof fact.value === 'string' ? fact.value : fact.value.join('\n');
}

/** Do two texts differ in nothing but lines without meaning? Where a line goes on in the next, that is not known. */
export function onlyCommentsDiffer(comment: RegExp, before: string, after: string): boolean {
  if (/\\\r?$/m.test(before) || /\\\r?$/m.test(after)) return false;
  const meaning = (text: string) =>
    text
      .split('\n')
      .filter((line) => line.trim() !== '' && !comment.test(line))
      .join('\n');
  return before !== after && meaning(before) === meaning(after);
}

import type { StateFact } from './format.ts';

/** One fact that differs between two sides. */
export interface FactDrift {
  change: 'added' | 'removed' | 'changed';
  before?: StateFact;
  after?: StateFact;
}

/** Facts that differ, by kind and subject; the order in which a file states them is no difference. */
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
  for (const fact of old.values()) found.push({ change: 'removed', before: fact });
  return found;
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

import type { StatedFact } from './format.ts';

/**
 * Of the facts with one subject the one that counts: the `first` or the `last` by rank (compared as text; of equal ranks the
 * first one given). The order of the subjects is kept.
 */
export function precedence(
  facts: readonly StatedFact[],
  counts: 'first' | 'last',
  rank: (fact: StatedFact) => string,
): StatedFact[] {
  const found = new Map<string, { rank: string; fact: StatedFact }>();
  for (const fact of facts) {
    const one = { rank: rank(fact), fact };
    const known = found.get(fact.subject);
    if (!known || (counts === 'first' ? one.rank < known.rank : one.rank > known.rank)) found.set(fact.subject, one);
  }
  return [...found.values()].map(({ fact }) => fact);
}

/**
 * OpenSSH's pattern matching (`*` any run, `?` any one character), in time linear in the text for each star: a hostile
 * known-hosts line cannot make it slow. Case is the caller's business.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  let [t, p, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    const c = pattern[p];
    if (c === '*') {
      star = p++;
      mark = t;
    } else if (c === '?' || (c !== undefined && c === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** A list of patterns of which some may be negated with `!`: a negated one that fits outranks all others. */
export function matchesList(text: string, patterns: readonly string[]): boolean {
  let positive = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(text, pattern.slice(1))) return false;
    } else positive ||= matchesPattern(text, pattern);
  }
  return positive;
}

import type { Shipped } from '../../core/facts.ts';

/**
 * An mtree(5) list as pacman's packages carry it: `/set key=value...` gives defaults, `./path key=value...` a file;
 * spaces and odd bytes of names are octal (`\040`). Absolute raw path -> what was shipped there.
 */
export function parseMtree(text: string): Map<string, Shipped> {
  const found = new Map<string, Shipped>();
  let defaults: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [first = '', ...rest] = line.split(' ');
    if (first === '/set') defaults = { ...defaults, ...words(rest) };
    else if (first === '/unset') defaults = {};
    else if (first.startsWith('./') && !/^\.\/\.[A-Z]+$/.test(first))
      found.set(unoctal(first.slice(1)), shippedOf({ ...defaults, ...words(rest) }));
  }
  return found;
}

function words(list: readonly string[]): Record<string, string> {
  const pairs = list.map((word) => {
    const equals = word.indexOf('=');
    return equals > 0 ? ([word.slice(0, equals), word.slice(equals + 1)] as const) : undefined;
  });
  return Object.fromEntries(pairs.filter((pair) => pair !== undefined));
}

function shippedOf({ type, mode, uid, gid, sha256digest, link }: Record<string, string>): Shipped {
  const owner = {
    ...(uid && /^\d{1,10}$/.test(uid) ? { user: uid } : {}),
    ...(gid && /^\d{1,10}$/.test(gid) ? { group: gid } : {}),
  };
  if (type === 'link') return { ...owner, ...(link ? { link: unoctal(link) } : {}) };
  return {
    ...owner,
    ...(mode && /^[0-7]{1,5}$/.test(mode) ? { mode } : {}),
    ...(sha256digest && /^[0-9a-f]{64}$/.test(sha256digest) ? { sha256: sha256digest } : {}),
  };
}

function unoctal(name: string): string {
  return name.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

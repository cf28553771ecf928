/** Weight of a character in dpkg's order: `~` before the end, letters before everything else (deb-version(7)). */
function order(c: string | undefined): number {
  if (c === undefined || /[0-9]/.test(c)) return 0;
  if (c === '~') return -1;
  return /[A-Za-z]/.test(c) ? c.charCodeAt(0) : c.charCodeAt(0) + 256;
}

function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/[0-9]/.test(a[i] ?? '')) || (j < b.length && !/[0-9]/.test(b[j] ?? ''))) {
      const difference = order(a[i]) - order(b[j]);
      if (difference !== 0) return Math.sign(difference);
      i++;
      j++;
    }
    const left = /^0*([0-9]*)/.exec(a.slice(i));
    const right = /^0*([0-9]*)/.exec(b.slice(j));
    const x = left?.[1] ?? '';
    const y = right?.[1] ?? '';
    if (x.length !== y.length) return Math.sign(x.length - y.length);
    if (x !== y) return x < y ? -1 : 1;
    i += left?.[0].length ?? 0;
    j += right?.[0].length ?? 0;
  }
  return 0;
}

/**
 * -1, 0 or 1: dpkg's order of versions `[epoch:]upstream[-revision]` (deb-version(7)). rpm's and apk's orders differ
 * only in corners that do not matter for saying "upgraded" or "downgraded".
 */
export function compareVersions(a: string, b: string): number {
  const split = (version: string) => {
    const match = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/s.exec(version.replace(/ \(.*\)$/, ''));
    return { epoch: match?.[1] ?? '0', upstream: match?.[2] ?? '', revision: match?.[3] ?? '' };
  };
  const left = split(a);
  const right = split(b);
  return (
    compareParts(left.epoch, right.epoch) ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

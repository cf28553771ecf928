/** A path of one kind, and the home directory that it lies in where the glob began with `~`. */
export type Match = (path: string) => { home: string | undefined } | undefined;

/** `*` any part of a name, `**` anything, `{a,b}` one of (not nested), `~/` a home directory. */
export function compileGlobs(globs: readonly string[]): Match {
  const patterns = globs.map((glob) => new RegExp(`^${sourceOf(glob)}$`));
  return (path) => {
    for (const pattern of patterns) {
      const found = pattern.exec(path);
      if (found) return { home: found.groups?.['home'] };
    }
    return undefined;
  };
}

/** Does any of these globs fit? One pattern for all of them: most paths are of no interest, and there are many. */
export function anyOf(globs: readonly string[]): RegExp {
  return new RegExp(`^(?:${globs.map((glob) => sourceOf(glob).replace('?<home>', '?:')).join('|')})$`);
}

function sourceOf(glob: string): string {
  const parts = glob.match(/\*\*|\*|\{[^}]*\}|~(?=\/)|[^*{}~]+|./g) ?? [];
  return parts.map(part).join('');
}

function part(text: string): string {
  if (text === '**') return '.*';
  if (text === '*') return '[^/]*';
  if (text === '~') return '(?<home>(?:/[^/]+)*)';
  if (text.startsWith('{')) return `(?:${text.slice(1, -1).split(',').map(piece).join('|')})`;
  return literal(text);
}

function piece(text: string): string {
  return text.split('*').map(literal).join('[^/]*');
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

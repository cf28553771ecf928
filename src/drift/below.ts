/** A set of paths, asked whether a path is one of them or lies below one. Costs the path's depth, however large the set is. */
export class Below {
  private readonly paths: Set<string>;
  constructor(paths: Iterable<string>) {
    this.paths = new Set(paths);
  }

  has(path: string): boolean {
    if (this.paths.size === 0) return false;
    if (this.paths.has(path) || this.paths.has('/')) return true;
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      if (this.paths.has(path.slice(0, at))) return true;
    return false;
  }
}

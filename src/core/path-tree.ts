/**
 * Something at each of some paths. Asked for a path, it gives the first (in the order given) that stands at the path or
 * above it. Costs the path's depth, however many there are: both lists may be a hostile server's.
 */
export class PathTree<T> {
  private readonly places = new Map<string, { value: T; place: number }>();

  constructor(all: Iterable<readonly [path: string, value: T]>) {
    let place = 0;
    for (const [path, value] of all) {
      if (!this.places.has(path)) this.places.set(path, { value, place });
      place++;
    }
  }

  /** At the path or above it; with `strictly` only above it. */
  first(path: string, strictly = false): T | undefined {
    if (this.places.size === 0) return undefined;
    let best = strictly ? undefined : this.places.get(path);
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const above = this.places.get(path.slice(0, at));
      if (above && (!best || above.place < best.place)) best = above;
    }
    return best?.value;
  }
}

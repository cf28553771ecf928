/** How many at once: in all, and of one group. */
export interface PoolLimits<T> {
  concurrency: number;
  /** 0 = no limit. */
  perGroup: number;
  /** Name of an item's group; those without one (empty) share no limit. */
  groupOf: (item: T) => string;
}

/** Works on all items, never on more at once than the limits allow, in their order as far as the groups let it. */
export async function pooled<T>(
  items: readonly T[],
  { concurrency, perGroup, groupOf }: PoolLimits<T>,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const waiting = items.map((item, index) => ({ item, index, group: groupOf(item) }));
  const busy = new Map<string, number>();
  const free = (group: string): boolean => perGroup === 0 || group === '' || (busy.get(group) ?? 0) < perGroup;
  const running = new Set<Promise<void>>();
  while (waiting.length > 0 || running.size > 0) {
    const at = running.size < concurrency ? waiting.findIndex(({ group }) => free(group)) : -1;
    const [next] = at < 0 ? [] : waiting.splice(at, 1);
    if (next) {
      const { item, index, group } = next;
      busy.set(group, (busy.get(group) ?? 0) + 1);
      const job = work(item, index).finally(() => {
        busy.set(group, (busy.get(group) ?? 0) - 1);
        running.delete(job);
      });
      running.add(job);
    } else await Promise.race(running);
  }
}

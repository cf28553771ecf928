/** One that waits for the call it will share. */
interface Waiting<T> {
  id: string;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * Gathers calls for single instances that come within a moment and are alike into one call for all of them.
 * `call` gets the shared key and at most `most` ids, all different. When it fails for several at once and `divide` says
 * that one of them may be to blame, each is tried alone.
 */
export class Coalescer<T> {
  readonly #call: (key: string, ids: string[]) => Promise<(id: string) => T>;
  readonly #most: number;
  readonly #windowMs: number;
  readonly #divide: (error: unknown) => boolean;
  readonly #waiting = new Map<string, Waiting<T>[]>();

  constructor(
    call: (key: string, ids: string[]) => Promise<(id: string) => T>,
    most: number,
    windowMs: number,
    divide: (error: unknown) => boolean,
  ) {
    this.#call = call;
    this.#most = most;
    this.#windowMs = windowMs;
    this.#divide = divide;
  }

  /** The answer for one id. */
  ask(key: string, id: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const queue = this.#waiting.get(key) ?? [];
    queue.push({ id, resolve, reject });
    this.#waiting.set(key, queue);
    if (queue.length === 1) setTimeout(() => this.#flush(key), this.#windowMs);
    return promise;
  }

  #flush(key: string): void {
    const queue = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    while (queue.length > 0) {
      const batch = new Map<string, Waiting<T>>();
      const again: Waiting<T>[] = [];
      for (const one of queue.splice(0)) {
        if (batch.size < this.#most && !batch.has(one.id)) batch.set(one.id, one);
        else again.push(one);
      }
      queue.push(...again);
      void this.#run(key, [...batch.values()]);
    }
  }

  async #run(key: string, batch: Waiting<T>[]): Promise<void> {
    try {
      const answer = await this.#call(
        key,
        batch.map(({ id }) => id),
      );
      for (const one of batch) one.resolve(answer(one.id));
    } catch (error) {
      if (batch.length > 1 && this.#divide(error)) for (const one of batch) void this.#run(key, [one]);
      else for (const one of batch) one.reject(error);
    }
  }
}

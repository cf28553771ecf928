import { ReplaceError } from '../core/replacement.ts';

/** Tries of a call that fails in passing, and the pauses between them, milliseconds: with the last, about a minute. */
const pauses = [500, 1000, 2000, 4000, 8000, 15_000, 30_000];

/** Calls again what a provider throttles or a connection broke. @throws what the last try threw. */
export async function again<T>(act: () => Promise<T>, sleep: (ms: number) => Promise<void>): Promise<T> {
  for (const pause of pauses) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof ReplaceError) || !error.transient) throw error;
      await sleep(pause);
    }
  }
  return await act();
}

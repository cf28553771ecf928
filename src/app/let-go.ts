import type { Stream } from '../core/facts.ts';

/**
 * Gives the memory of an instance's stream back now. The garbage collector does not feel the weight of buffers until there
 * are 64 MB of them, which is what fifty instances that end at the same moment leave. `shared` are the streams that
 * others need: one that is in the same memory is left alone. A stream that was let go is empty, for whoever still has it.
 */
export function letGo(stream: Stream, shared: readonly (Stream | undefined)[]): void {
  const { buffer } = stream;
  // A small one lies in Node's common pool.
  if (!(buffer instanceof ArrayBuffer) || stream.byteLength !== buffer.byteLength) return;
  if (shared.some((other) => other?.buffer === buffer)) return;
  buffer.transfer(0);
}

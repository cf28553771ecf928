import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 that memory is dearer than time. What is made of one instance's answer is garbage before the next one comes, but
 * V8 would let its young generation grow to 64 MB and its old one to double what lives in it before it looks. It costs some
 * milliseconds of CPU an instance; docs/performance.md has the numbers.
 */
export function keepMemoryLow(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=40');
}

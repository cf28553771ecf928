import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 that memory is dearer than time. What is made of one instance's answer is garbage before the next one comes, but
 * V8 would let its young generation grow to 64 MB and its old one to double what lives in it before it looks. Measured
 * with 100 instances at once: 124 MB instead of 176, for 2 to 4 ms more of CPU each.
 */
export function keepMemoryLow(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=40');
}

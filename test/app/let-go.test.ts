import { expect, it } from 'vitest';
import { letGo } from '../../src/app/let-go.ts';

const large = () => Buffer.alloc(100_000, 'x');

it('gives the memory of a stream back', () => {
  const own = large();
  letGo(own, [large(), undefined]);
  expect([own.length, own.buffer.byteLength]).toEqual([0, 0]);
});

it('leaves alone what others need, and what shares its memory with anything', () => {
  const image = large();
  letGo(image, [image]);
  letGo(image.subarray(0, 1000), []);
  letGo(image, [image.subarray(5)]);
  const pooled = Buffer.from('small');
  letGo(pooled, []);
  expect([image.length, image[99_999], pooled.toString()]).toEqual([100_000, 0x78, 'small']);
});

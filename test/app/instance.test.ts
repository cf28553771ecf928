import fc from 'fast-check';
import { expect, it } from 'vitest';
import { coverageOf } from '../../src/app/instance.ts';
import type { Fingerprint } from '../../src/core/facts.ts';
import { encodeLines } from '../../src/fingerprint/stream.ts';

const entry = fc.record({
  name: fc.stringMatching(/^[a-d]{1,3}$/),
  type: fc.constantFrom('f', 'd', 'l'),
  size: fc.nat(1000),
  known: fc.boolean(),
});
const streamOf = (entries: { name: string; type: string; size: number; known: boolean }[]) =>
  encodeLines(
    entries.map(({ name, type, size, known }) =>
      type === 'f'
        ? `/${name}\0f 644 0 0 ${size} ${known ? 'a'.repeat(64) : '?'} -`
        : `/${name}\0${type} 755 0 0 - - -${type === 'l' ? ' f' : ''}`,
    ),
  );

it('coverage that is counted from what the image has is what counting every file gives', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), fc.array(entry, { maxLength: 40 }), (image, own) => {
      const like = streamOf(image);
      for (const files of [streamOf(own), streamOf([...image, ...own]), like]) {
        const live = { files, gaps: [], partial: [], excluded: [] } as unknown as Fingerprint;
        expect(coverageOf(live, 'now', undefined, like)).toEqual(coverageOf(live, 'now'));
      }
    }),
  );
});

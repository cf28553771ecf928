import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unpackBaseline } from '../../src/app/baseline.ts';
import { parseText } from '../../src/config/document.ts';
import { ReachError, UserError } from '../../src/core/errors.ts';
import { decodeManifest } from '../../src/manifest/codec.ts';
import { fleetSchema } from '../../src/schema/fleet.ts';
import { compileSchema } from '../../src/schema/validate.ts';
import { parseSshUri } from '../../src/transport/ssh/address.ts';
import { makeTruth, type Truth } from './evil.ts';

let truth: Truth;
let manifest: Buffer;
beforeAll(() => {
  truth = makeTruth();
  manifest = readFileSync(join(truth.dir.path, 'manifest'));
});
afterAll(() => truth.dir.remove());

/** What may be thrown: an error that says what is wrong, nothing else. */
function onlySaid(what: () => unknown): void {
  try {
    what();
  } catch (error) {
    expect(
      [UserError, ReachError].some((kind) => error instanceof kind),
      String(error),
    ).toBe(true);
  }
}

const edit = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }), drop: fc.nat(12) });
const edited = (whole: Buffer, { at, bytes, drop }: { at: number; bytes: Uint8Array; drop: number }): Buffer => {
  const place = at % whole.length;
  return Buffer.concat([whole.subarray(0, place), bytes, whole.subarray(place + drop)]);
};

it('a manifest that is cut or changed is refused with words, or is the same manifest', () => {
  const { digest } = decodeManifest(manifest, 'it');
  const raw = gunzipSync(manifest);
  for (let n = 0; n < raw.length; n += 7) {
    expect(() => decodeManifest(gzipSync(raw.subarray(0, n)), 'it')).toThrow(UserError);
  }
  fc.assert(
    fc.property(edit, fc.boolean(), (one, packed) => {
      const changed = packed ? edited(manifest, one) : gzipSync(edited(raw, one), { level: 1 });
      onlySaid(() => expect(decodeManifest(changed, 'it').digest).toBe(digest));
    }),
    { numRuns: 800 },
  );
});

it('a baseline that is no baseline is none', () => {
  const row = { instance: 'i', identity: '', manifest: '', recordedAt: '2026-01-02T03:04:05Z' };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, packed) => {
      const files = packed ? gzipSync(bytes) : Buffer.from(bytes);
      expect(unpackBaseline({ ...row, files }, undefined)).toBeUndefined();
    }),
  );
});

it('a fleet file that is none is refused with words', async () => {
  const validate = await compileSchema(fleetSchema);
  const words = fc.constantFrom(
    ...'groups: |web:|  |\n|{|}|[|]|&a |*a |hosts: |- |"|!!js |? |<<: |0x1 |\t|null'.split('|'),
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 5 })), { maxLength: 40 }), (parts) => {
      onlySaid(() => parseText(parts.join(''), 'fleet.yaml', 'fleet file', validate));
    }),
    { numRuns: 1000 },
  );
});

it('an address that is none is refused with words', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      onlySaid(() => parseSshUri(`ssh://${text}`));
    }),
    { numRuns: 1000 },
  );
});

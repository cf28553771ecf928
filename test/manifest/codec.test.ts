import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import { decodeManifest, encodeManifest, headerMistake, headerOf, makeManifest } from '../../src/manifest/codec.ts';
import { manifestSchema } from '../../src/schema/manifest.ts';
import { compileSchema } from '../../src/schema/validate.ts';
import { fingerprint } from '../drift/make.ts';

const sum = 'a'.repeat(64);
const make = (createdAt: string, ref = 'web:42') =>
  makeManifest({
    ref,
    createdAt,
    source: 'rootfs:/srv/image',
    toolVersion: '0.1.0',
    labels: { 'git-commit': '1a2b3c' },
    fingerprint: fingerprint({ '/etc/motd': `f 644 0 0 5 ${sum} -` }),
  });

describe('a manifest', () => {
  it('has a digest of what the image is, not of when it was captured', () => {
    expect(make('2026-01-01T00:00:00Z').digest).toBe(make('2026-02-02T00:00:00Z').digest);
    expect(make('2026-01-01T00:00:00Z').digest).not.toBe(make('2026-01-01T00:00:00Z', 'web:43').digest);
  });

  it('comes back from its file as it was', () => {
    const made = make('2026-01-01T00:00:00Z');
    const read = decodeManifest(encodeManifest(made), 'x.manifest');
    expect(headerOf(read)).toEqual(headerOf(made));
    expect(read.fingerprint.files.equals(made.fingerprint.files)).toBe(true);
  });

  it('has the settings of a golden kernel, and is the same as before without', () => {
    const golden = fingerprint({ '/etc/motd': `f 644 0 0 5 ${sum} -` }, (draft) => {
      const settings = new Map([['kernel.kptr_restrict', '1']]);
      draft.running = { kernel: { modules: new Map(), taint: 0, commandLine: '', settings } };
    });
    const plain = make('2026-01-01T00:00:00Z');
    const { digest, image, tool, ...rest } = plain;
    const parts = { ...rest, ref: image.ref, toolVersion: tool.version };
    const made = makeManifest({ ...parts, fingerprint: golden });
    expect(made.digest).not.toBe(digest);
    const read = decodeManifest(encodeManifest(made), 'x.manifest');
    expect(read.fingerprint.settings?.toString()).toBe('kernel.kptr_restrict\x001\n');
    expect(decodeManifest(encodeManifest(plain), 'x.manifest').fingerprint.settings).toBeUndefined();
    expect(headerOf(plain).sections.map(({ name }) => name)).not.toContain('settings');
  });

  it('is refused when one byte of a section was altered', () => {
    const raw = gunzipSync(encodeManifest(make('2026-01-01T00:00:00Z')));
    raw[raw.lastIndexOf('motd')] = 0x4d;
    expect(() => decodeManifest(gzipSync(raw), 'x.manifest')).toThrow(UserError);
    expect(() => decodeManifest(gzipSync(raw), 'x.manifest')).toThrow(/section "files" was altered/);
  });
});

describe('the published schema and the check of a header', async () => {
  const validate = await compileSchema(manifestSchema);
  const header: Record<string, unknown> = { ...headerOf(make('2026-01-01T00:00:00Z')) };

  it('accept what we write', () => {
    expect(validate(header)).toEqual([]);
    expect(headerMistake(header)).toBeUndefined();
  });

  it.each([...manifestSchema.required])('refuse a header without %s', (key) => {
    const { [key]: _, ...rest } = header;
    expect(validate(rest)).not.toEqual([]);
    expect(headerMistake(rest)).toBeTypeOf('string');
  });

  it.each([
    { schema: 'snowfence.manifest/v2' },
    { newestPackageAt: 'soon' },
    { sections: [{ name: 'other', bytes: 1, sha256: sum }] },
    { sections: [{ name: 'files', bytes: -1, sha256: sum }] },
  ])('refuse %o', (change) => {
    expect(validate({ ...header, ...change })).not.toEqual([]);
    expect(headerMistake({ ...header, ...change })).toBeTypeOf('string');
  });
});

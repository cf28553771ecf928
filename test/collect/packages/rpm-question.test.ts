import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { Frame } from '../../../src/collect/frames.ts';
import { packages } from '../../../src/collect/packages/probe.ts';
import { Draft } from '../../../src/core/draft.ts';
import { draftOf, program, shells } from '../shells.ts';
import { scratch } from '../tree.ts';

const fixture = (name: string) =>
  gunzipSync(readFileSync(new URL(`../../../fixtures/collect/packages/rpm/${name}.gz`, import.meta.url)));

function hasRpm(): boolean {
  try {
    return execFileSync('rpm', ['--version'], { encoding: 'utf8' }).startsWith('RPM version');
  } catch {
    return false;
  }
}

// busybox's shell runs its own applet named rpm, whatever PATH says.
const others = shells.filter(({ name }) => !name.startsWith('busybox'));

it.skipIf(!hasRpm()).each(others)(
  'rpm under $name: nothing is written beside a database, and one that rpm does not know is no empty one',
  ({ command, missing }) => {
    if (missing) return;
    for (const [name, readable] of [
      ['Packages.db', undefined],
      ['Packages', true],
    ] as const) {
      const root = scratch('rpm-question');
      onTestFinished(() => root.remove());
      mkdirSync(join(root.path, 'var/lib/rpm'), { recursive: true });
      writeFileSync(join(root.path, 'var/lib/rpm', name), fixture(name));
      const draft = draftOf(command, program, { root: root.path, mode: 'offline', since: 1 });
      const gaps = draft.gaps.filter((gap) => gap.probe === 'packages').map(({ reason }) => reason);
      // Whether rpm can read ndb is its distribution's choice; Debian's cannot.
      const known = readable ?? draft.packages.size > 0;
      expect([draft.packages.size, gaps]).toEqual(known ? [14, []] : [0, ['unreadable']]);
      expect(draft.partial.has('packages')).toBe(!known);
      expect(readdirSync(join(root.path, 'var/lib/rpm')).filter((file) => file !== '.rpm.lock')).toEqual([name]);
    }
  },
);

it('a database without a rpm to ask is unknown beside a manifest, and a gap of a manifest', () => {
  const read = (since: number) => {
    const draft = new Draft('/');
    draft.since = since;
    packages.parse(new Frame('packages', Buffer.from('no-tool rpm var/lib/rpm\0')), draft);
    return [draft.gaps.map(({ reason }) => reason), [...draft.partial]];
  };
  expect(read(1_700_000_000)).toEqual([['tool-missing'], ['packages']]);
  expect(read(0)).toEqual([['tool-missing'], []]);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxProgram, draftOf, filesOf, program } from './shells.ts';
import { plant, type Scratch, scratch } from './tree.ts';

let dir: Scratch;
let tools: Scratch;
let programs: Record<string, string>;
const victim = () => `${dir.path}/srv/d100`;
beforeAll(() => {
  dir = scratch('plain-walk');
  tools = scratch('plain-tools');
  const files = Array.from({ length: 900 }, (_, i) => [`srv/d${i}/f`, `text ${i}`]);
  plant(dir.path, { ...Object.fromEntries(files), 'etc/hostname': 'x\n' });
  programs = { GNU: program, busybox: busyboxProgram(`${tools.path}/bin`) };
});
afterAll(() => {
  dir.remove();
  tools.remove();
});

/** What a walk that was not asked about buckets tells of files, where something in the program is another. */
function walk(kind: string, old: string, fresh: string) {
  const text = (programs[kind] as string).replaceAll(old, () => fresh);
  expect(text).not.toBe(programs[kind]);
  const draft = draftOf(['sh'], text, { root: dir.path, mode: 'offline', since: 0 });
  return { files: filesOf(draft), unknown: draft.partial.has('files') };
}

describe.each(['GNU', 'busybox'])('a walk with tools of %s', (kind) => {
  it.each([
    ['find is ended by a signal', '\nhave()', '\nfind() { command find "$@" | head -c 3000; return 137; }\nhave()'],
    ['find cannot be started', '\nsound() {', '\nfind() { return 126; }\nsound() {'],
    [
      'a disk fails',
      '\nsound() {',
      '\nfind() { command find "$@"; echo "find: /x: Input/output error" >&2; }\nsound() {',
    ],
    [
      'no more files can be opened',
      '\nsound() {',
      '\nfind() { echo "find: /x: Too many open files" >&2; return 1; }\nsound() {',
    ],
    [
      'a disk fails, in the words of musl',
      '\nsound() {',
      '\nfind() { command find "$@"; echo "find: /x: I/O error" >&2; return 1; }\nsound() {',
    ],
    [
      'xargs runs out of memory',
      '\nsound() {',
      '\nxargs() { command xargs "$@" | head -c 5000; return 1; }\nsound() {',
    ],
    ['what looks at a batch is ended', '\n# digests\n', '\nm=137\n# digests\n'],
  ])('knows of nothing that it is gone where %s', (_, old, fresh) => {
    expect(walk(kind, old, fresh).unknown).toBe(true);
  });

  it('takes what is closed or gone for no failure', () => {
    const closed = 'echo "find: /home/memory/Out of memory: I/O error: x: Permission denied" >&2';
    const says = `${closed}; echo "find: /y: No such file or directory" >&2; return 1`;
    const { files, unknown } = walk(kind, '\nsound() {', `\nfind() { command find "$@"; ${says}; }\nsound() {`);
    expect([unknown, files.size]).toEqual([false, 1804]);
  });
});

it('one that is gone between two looks takes no other with it', () => {
  const gone = `[ $# = 1 ] || rm -rf ${victim()}; printf "N %s\\0" $#`;
  const { files, unknown } = walk('busybox', 'printf "N %s\\0" $#', gone);
  expect(unknown).toBe(false);
  expect([files.has('/srv/d100'), files.has('/srv/d100/f')]).toEqual([false, false]);
  expect(files.size).toBe(1802);
});

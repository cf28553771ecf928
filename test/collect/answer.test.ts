import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileAnswer } from '../../src/collect/files/parse.ts';
import { probes } from '../../src/collect/registry.ts';
import { readAnswer } from '../../src/collect/run.ts';
import type { Draft } from '../../src/core/draft.ts';
import type { Answer, ProgramArguments } from '../../src/core/ports.ts';
import { answerOf, filesOf, program } from './shells.ts';
import { plantOddTree, type Scratch, scratch } from './tree.ts';

const all = Object.values(probes);
const live: ProgramArguments = { root: '/', mode: 'live', since: 0 };
const ended = (stdout: Buffer, how: Answer['ended'] = 'exit'): Answer => ({
  stdout,
  stderr: '',
  exitCode: how === 'exit' ? 0 : null,
  ended: how,
});
const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Each probe that is not whole has a gap that says so, or the whole answer has one. */
function saysWhatItLacks(draft: Draft): void {
  for (const name of draft.partial)
    expect(
      draft.gaps.some((g) => g.probe === name || g.probe === 'connect'),
      `gap of ${name}`,
    ).toBe(true);
}

describe('a true answer', () => {
  let dir: Scratch;
  let whole: Buffer;
  let args: ProgramArguments;
  beforeAll(() => {
    dir = scratch('answer');
    plantOddTree(dir.path);
    args = { root: dir.path, mode: 'offline', since: 0 };
    whole = answerOf(['sh'], program, args).stdout;
    expect(filesOf(readAnswer(ended(whole), all, args)).size).toBeGreaterThan(20);
  });
  afterAll(() => dir.remove());

  it('cut at any byte never throws, and always says that something is missing', () => {
    const complete = filesOf(readAnswer(ended(whole), all, args));
    const end = whole.indexOf('\0E files\0', 0, 'latin1') + '\0E files\0'.length;
    for (let n = 0; n < end; n++) {
      const draft = readAnswer(ended(whole.subarray(0, n), 'cut'), all, args);
      saysWhatItLacks(draft);
      expect(draft.partial.has('files'), `cut at ${n}`).toBe(true);
      expect(draft.gaps.some((g) => g.reason === 'cut' && /connection was lost/.test(g.detail))).toBe(true);
      // What is there is true: nothing made of halves.
      for (const [key, value] of filesOf(draft)) {
        const truth = complete.get(key)?.split(' ') ?? [];
        const said = value.split(' ');
        expect(truth.length, `${key} cut at ${n}`).toBeGreaterThan(0);
        said.forEach((field, i) => {
          if (field !== '?' && value[0] !== 'l')
            expect(field.replace(/^\?\+/, ''), `${key} cut at ${n}`).toBe(truth[i]);
        });
      }
    }
  });

  it('with bytes changed, removed or added never throws', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(), bytes: fc.uint8Array({ maxLength: 40 }), drop: fc.nat(60) }), {
          minLength: 1,
          maxLength: 6,
        }),
        (edits) => {
          let stdout = whole;
          for (const { at, bytes, drop } of edits) {
            const place = at % (stdout.length + 1);
            stdout = Buffer.concat([stdout.subarray(0, place), bytes, stdout.subarray(place + drop)]);
          }
          saysWhatItLacks(readAnswer(ended(stdout), all, args));
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('behind the noise of a login shell is the same', () => {
    const noisy = Buffer.concat([latin1('Welcome!\nLast login: B files E files \x1b[2J\n'), whole]);
    expect(filesOf(readAnswer(ended(noisy), all, args))).toEqual(filesOf(readAnswer(ended(whole), all, args)));
  });
});

describe('any bytes at all', () => {
  const words = fc.constantFrom(
    ...[
      '\0',
      '\0SNOWFENCE/1 1 /\0',
      'F 2\0',
      'F 99999999\0',
      'S\0',
      'H 2 b\0',
      'H 1 t\0',
      'h 0\0',
      'm f 644 0 0 1 0 /a\0',
      '>\0',
    ],
    ...[
      'N 3\0',
      'l /x\0',
      'M nfs /y\0',
      'u /z\0',
      'c 01 /a\0',
      'w 0\0',
      'W 0\0',
      '/proc/1/stat:1 (',
      'stat\0',
      'hash\0',
      '\n',
    ],
    ...[
      'dpkg-status Package: a\nStatus: install ok installed\n\0',
      'dpkg-info /i/\0',
      '/i/a.list:/x\n\0',
      'passwd root:x:0\n\0',
    ],
    ...Object.keys(probes).flatMap((name) => [`\0B ${name}\0`, `\0E ${name}\0`]),
  );
  const anything = fc.uint8Array({ maxLength: 60 }).map((b) => Buffer.from(b).toString('latin1'));

  it('never make the reader throw, and never pass for a whole answer', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: words }, anything), { maxLength: 60 }), (parts) => {
        const draft = readAnswer(ended(latin1(parts.join(''))), all, live);
        saysWhatItLacks(draft);
        expect(draft.gaps.length).toBeGreaterThan(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('say in words what happened', () => {
    const nothing = readAnswer(
      { ...ended(Buffer.alloc(0)), stderr: 'sh: \x1b[1mnot found\n', exitCode: 127 },
      all,
      live,
    );
    expect(nothing.gaps).toEqual([
      {
        probe: 'connect',
        reason: 'garbled',
        detail:
          'the instance did not run the program: no begin mark in its answer, exit status 127; it said: sh: \\x1b[1mnot found',
      },
    ]);
    const reasons = (['cut', 'timeout', 'idle', 'limit', 'interrupted'] as const).map(
      (how) => readAnswer(ended(Buffer.alloc(0), how), all, live).gaps[0]?.reason,
    );
    expect(reasons).toEqual(['cut', 'timeout', 'timeout', 'limit', 'interrupted']);
  });
});

describe('batches of files', () => {
  const hash = (byte: number) => String.fromCharCode(byte).repeat(32);
  const meta = (path: string) => `m f 644 0 0 5 0 ${path}\0>\0`;
  const failed = 'h 1 snowfence: not every file of this batch could be hashed\0~ ~\0';
  const done = 'h 0\0~ ~\0';
  const parse = (text: string) => new FileAnswer(latin1(`w 0\0${text}W 0\0`), '/').parse();

  it('carry each digest to its own name', () => {
    const { lines, garbled, complete } = parse(`F 2\0${meta('/a')}${meta('/b')}H 2 b\0${hash(1)}${hash(2)}${done}`);
    expect(lines).toEqual([`/a\0f 644 0 0 5 ${'01'.repeat(32)} -`, `/b\0f 644 0 0 5 ${'02'.repeat(32)} -`]);
    expect({ garbled, complete }).toEqual({ garbled: false, complete: true });
  });

  it('that are void are taken from the smaller ones behind them; what cannot be read is unknown', () => {
    const { lines, unhashed, garbled } = parse(
      `F 3\0${meta('/a')}${meta('/b')}${meta('/c')}H 3 b\0${hash(1)}${hash(3)}${failed}` +
        `F 1\0${meta('/a')}H 1 b\0${hash(1)}${done}F 1\0${meta('/b')}H 1 b\0${failed}F 1\0${meta('/c')}H 1 b\0${hash(3)}${done}`,
    );
    expect(lines).toEqual([
      `/a\0f 644 0 0 5 ${'01'.repeat(32)} -`,
      '/b\0f 644 0 0 5 ? -',
      `/c\0f 644 0 0 5 ${'03'.repeat(32)} -`,
    ]);
    expect(unhashed).toEqual(['/b']);
    expect(garbled).toBe(false);
  });

  it('in which a file vanished before its metadata was read shift no digest', () => {
    const { lines } = parse(
      `F 2\0${meta('/b')}H 2 b\0${hash(2)}${failed}F 1\0H 1 b\0${failed}F 1\0${meta('/b')}H 1 b\0${hash(2)}${done}`,
    );
    expect(lines).toEqual([`/b\0f 644 0 0 5 ${'02'.repeat(32)} -`]);
  });

  it('whose digests hold the trailer and NULs are read by length', () => {
    const evil = done.padEnd(32, 'h');
    const { lines } = parse(`F 2\0${meta('/a')}${meta('/b')}H 2 b\0${evil}${'\0'.repeat(32)}${done}`);
    expect(lines[0]).toBe(`/a\0f 644 0 0 5 ${latin1(evil).toString('hex')} -`);
    expect(lines[1]).toBe(`/b\0f 644 0 0 5 ${'00'.repeat(32)} -`);
  });

  it('of hex lines with an escaped name, and with a line too few', () => {
    const { lines } = parse(
      `F 1\0${meta('/a\\b')}H 1 t\0\\${'c'.repeat(64)}  /a\\\\b\n\0${done}` +
        `F 2\0${meta('/x')}${meta('/y')}H 2 t\0${'d'.repeat(64)}  /x\n\0${done}`,
    );
    expect(lines).toEqual([`/a\\\\b\0f 644 0 0 5 ${'c'.repeat(64)} -`]);
  });

  it('of busybox with a vanished file are void as a whole', () => {
    const { lines } = parse(`F 2\0S\0/a\0/b\x00${'81a4 0 0 5 0\n'}\0H 2 t\0${'e'.repeat(64)}  /b\n\0${failed}`);
    expect(lines).toEqual([]);
  });

  it('note capabilities, mounts and closed directories by key', () => {
    const facts = parse(
      `M nfs4 /data/with\nnewline\0u /root/\0F 1\0${meta('/ping')}H 1 b\0${hash(1)}${done}c 0100000200200000 /ping\0`,
    );
    expect(facts.lines).toEqual([`/ping\0f 644 0 0 5 ${'01'.repeat(32)} 0100000200200000`]);
    expect(facts.mounts).toEqual([{ type: 'nfs4', path: '/data/with\\nnewline' }]);
    expect(facts.closed).toEqual(['/root']);
  });

  it('without the second end mark are not the whole walk', () => {
    expect(new FileAnswer(latin1('w 0\0'), '/').parse().complete).toBe(false);
    expect(new FileAnswer(latin1('w 0\0W 0\0'), '/').parse().complete).toBe(true);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeStreams } from '../../src/drift/merge.ts';
import { median, type Row, run, seconds } from './measure.ts';

/** Two canonical streams of a million entries that differ in one line of a thousand. */
function twoStreams(entries: number): [Buffer, Buffer] {
  const make = (changed: boolean) => {
    const lines: string[] = [];
    for (let i = 0; i < entries; i++) {
      const hash = (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(8);
      const other = changed && i % 1000 === 0;
      lines.push(
        `/usr/share/d${String(Math.floor(i / 100)).padStart(6, '0')}/f${String(i).padStart(8, '0')}\0f 644 0 0 ${other ? 1 : 1234} ${hash} -\n`,
      );
    }
    return Buffer.from(lines.join(''), 'latin1');
  };
  return [make(false), make(true)];
}

/** The diff of two fingerprints in memory against coreutils comm on the same bytes. */
export function diffAgainstComm(where: string, rounds: number): Row {
  const [a, b] = twoStreams(1_000_000);
  const files = [join(where, 'a.stream'), join(where, 'b.stream')];
  writeFileSync(files[0] ?? '', a);
  writeFileSync(files[1] ?? '', b);
  const ours: number[] = [];
  const comm: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now();
    let differences = 0;
    mergeStreams(a, b, () => differences++);
    const took = (performance.now() - began) / 1000;
    if (differences !== 1000) throw new Error(`the diff found ${differences} differences instead of 1000`);
    const anchor = run(['env', 'LC_ALL=C', 'comm', '-3', ...files]).wall;
    if (round > 0) {
      ours.push(took);
      comm.push(anchor);
    }
  }
  return {
    what: 'diff of two 1M-entry fingerprints / comm -3',
    ours: seconds(median(ours)),
    anchor: seconds(median(comm)),
    ratio: median(ours) / median(comm),
    target: 1 / 3,
  };
}

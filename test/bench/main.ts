/**
 * `npm run bench [-- --quick]`: our hot paths against their anchors in one run, interleaved, as ratios. Needs root and
 * the lab's tools (docs/lab.md), aide, mtree and time. `--quick` leaves the large tree out.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { labImage } from '../lab/image.ts';
import { labProblem } from '../lab/require.ts';
import { formatCosts } from './formats.ts';
import { framesOfAudit } from './frames.ts';
import { againstAnsible, judgedFleet, scannerCost } from './many.ts';
import { interleave, type Row, run, seconds, table } from './measure.ts';
import { diffAgainstComm } from './streams.ts';
import { cli, largeTree, scanAgainstAnchors } from './trees.ts';

const quick = process.argv.includes('--quick');
const problem = labProblem();
if (problem) {
  console.error(`the benchmark cannot run here: ${problem}`);
  process.exit(3);
}
// In memory, so that the disk is not what is measured.
const where = mkdtempSync(join(process.env['SNOWFENCE_BENCH_DIR'] ?? '/dev/shm', 'snowfence-bench-'));
try {
  const say = (text: string) => console.error(`bench: ${text}`);
  const image = await labImage();
  const rows: Row[] = [];
  say('diff of two fingerprints');
  rows.push(diffAgainstComm(where, 5));
  say('start of --help');
  const help = interleave(7, { ours: () => run([...cli, '--help']).wall, node: () => run(['node', '-e', '0']).wall });
  const ratio = (help['ours'] ?? 0) / (help['node'] ?? 1);
  rows.push({
    what: 'snowfence --help / node -e 0',
    ours: seconds(help['ours'] ?? 0),
    anchor: seconds(help['node'] ?? 0),
    ratio,
    target: 1.5,
  });
  const lines: string[] = [];
  // Told as it comes, too: whoever stops a long run keeps what was measured.
  const take = (found: { rows: Row[]; lines: string[] }) => {
    rows.push(...found.rows);
    lines.push(...found.lines);
    for (const { what, ours, anchor, ratio } of found.rows) say(`  ${what}: ${ours} / ${anchor} = ${ratio.toFixed(3)}`);
    for (const line of found.lines) say(`  ${line}`);
  };
  say('frames of the audit');
  take(await framesOfAudit());
  say('small tree (the lab image)');
  take(await scanAgainstAnchors('small', image, where, 5, 1 / 6));
  if (!quick) {
    say('large tree (copying it into memory first)');
    const large = largeTree(image, where);
    take(await scanAgainstAnchors('large', large, where, 3, 1 / 6));
    rmSync(large.dir, { recursive: true, force: true });
  }
  say('twenty instances at once, and Ansible');
  take(await againstAnsible(image, where));
  say('many instances at once');
  const costs = await scannerCost(image, where, quick ? [20] : [20, 200, 1000]);
  say('formats of ten thousand instances');
  costs.push(...formatCosts(10_000, quick ? 5 : 50));
  say('ten thousand instances judged and clustered');
  lines.push(judgedFleet(quick ? 1000 : 10_000, 500));
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, temporary files in ${tmpdir() === where ? 'tmp' : 'memory'}\n`,
  );
  console.log(table(rows));
  for (const line of [...lines, ...costs]) console.log(`- ${line}`);
} finally {
  rmSync(where, { recursive: true, force: true });
}

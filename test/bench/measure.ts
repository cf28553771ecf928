import { spawnSync } from 'node:child_process';

/** What one run of a command cost. Seconds and KiB. */
export interface Cost {
  wall: number;
  cpu: number;
  maxRssKiB: number;
}

/** Runs a command as a whole process under time(1) and throws when it fails in a way that is not allowed. */
export function run(command: string[], allowed: number[] = [0]): Cost {
  const result = spawnSync('/usr/bin/time', ['-q', '-f', 'COST %e %U %S %M', ...command], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const match = /COST ([\d.]+) ([\d.]+) ([\d.]+) (\d+)\s*$/.exec(result.stderr);
  if (!match || !allowed.includes(result.status ?? -1)) {
    throw new Error(`${command.join(' ').slice(0, 200)} ended with ${result.status}: ${result.stderr.slice(-500)}`);
  }
  return { wall: Number(match[1]), cpu: Number(match[2]) + Number(match[3]), maxRssKiB: Number(match[4]) };
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs contestants in turn, A B C A B C, so that a machine that drifts drifts for all; medians of wall seconds. */
export function interleave(rounds: number, contestants: Record<string, () => number>): Record<string, number> {
  const seen: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, once] of Object.entries(contestants)) {
      const seconds = once();
      // The first round warms the page cache and is not counted.
      if (round > 0) seen[name] = [...(seen[name] ?? []), seconds];
    }
  }
  return Object.fromEntries(Object.entries(seen).map(([name, values]) => [name, median(values)]));
}

export interface Row {
  what: string;
  ours: string;
  anchor: string;
  ratio: number;
  /** The ratio that the project wants to reach; undefined where only the number is of interest. */
  target?: number;
}

/** A markdown table of ratios. */
export function table(rows: Row[]): string {
  const line = (r: Row) =>
    `| ${r.what} | ${r.ours} | ${r.anchor} | ${r.ratio.toFixed(3)} | ${r.target === undefined ? '' : `<= ${r.target.toFixed(3)} ${r.ratio <= r.target ? 'reached' : 'missed'}`} |`;
  return ['| what | ours | anchor | ratio | target |', '|---|---|---|---|---|', ...rows.map(line)].join('\n');
}

export const seconds = (n: number): string => `${n.toFixed(n < 1 ? 3 : 2)} s`;

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { renderers } from '../../src/report/registry.ts';

/** Old space of the process that renders, MiB. */
const heap = 128;

/** A line for each format: how long a report of many instances takes, and how large the process becomes. */
export function formatCosts(instances: number, findings: number): string[] {
  const child = fileURLToPath(new URL('../report/child.ts', import.meta.url));
  return Object.keys(renderers).map((format) => {
    const args = ['--no-warnings', `--max-old-space-size=${heap}`, child, format, String(instances), String(findings)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${format} ended with ${status}: ${stderr.slice(-500)}`);
    const [length, milliseconds, peak] = stdout.trim().split(' ').map(Number) as [number, number, number];
    const size = `${(length / 1e6).toFixed(1)} MB in ${(milliseconds / 1000).toFixed(1)} s`;
    return `format ${format}, ${instances} instances with ${findings} findings each: ${size}, at most ${Math.round(peak / 1024)} MiB resident (heap of ${heap} MiB)`;
  });
}

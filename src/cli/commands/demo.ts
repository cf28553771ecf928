import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { exit } from '../../core/exit.ts';
import type { Context } from '../context.ts';

const next = `
Your own servers, in three steps:
  1. snowfence manifest create rootfs:/path/to/image --image web:42 -o web-42.manifest
     (or docker-archive:image.tar, oci:image.tar, or ssh://root@golden-instance)
  2. snowfence scan ssh://root@your-server --manifest web-42.manifest
  3. put your hosts into a fleet.yaml and scan them all: snowfence scan --inventory fleet.yaml
`;

export function addDemo(program: Command, context: Context): void {
  program
    .command('demo')
    .description('start a small throwaway fleet of real SSH servers on loopback, let some drift, scan them all')
    .action(async () => {
      const { startDemoFleet } = await import('../../demo/fleet.ts');
      const say = (line: string) => context.stderr.write(`${line}\n`);
      const fleet = await startDemoFleet(say);
      const work = mkdtempSync(join(tmpdir(), 'snowfence-demo-report-'));
      const stop = () => void fleet.stop();
      context.signal.addEventListener('abort', stop);
      try {
        const manifest = join(fleet.dir, 'demo.manifest');
        const store = join(fleet.dir, 'snowfence.db');
        const report = join(work, 'report.json');
        say(`> snowfence manifest create rootfs:IMAGE --image ${fleet.imageRef} --add`);
        await context.run([
          'manifest',
          'create',
          `rootfs:${fleet.imageDir}`,
          '--image',
          fleet.imageRef,
          '-o',
          manifest,
          '--add',
          '--store',
          store,
        ]);
        for (const { instance, done } of fleet.story) for (const what of done) say(`  on ${instance}: ${what}`);
        say('> snowfence scan --inventory fleet.yaml\n');
        const code = await context.run([
          'scan',
          '--inventory',
          fleet.fleetFile,
          '--store',
          store,
          '--format',
          'json',
          '--output',
          report,
        ]);
        if (context.signal.aborted) return;
        await context.run(['history', 'show', 'last', '--store', store]);
        say(`\nThe same as JSON: ${report}`);
        context.stderr.write(next);
        context.code = code === exit.findings ? exit.clean : code;
      } finally {
        context.signal.removeEventListener('abort', stop);
        await fleet.stop();
        if (context.signal.aborted) rmSync(work, { recursive: true, force: true });
      }
    });
}

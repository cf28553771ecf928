import { once } from 'node:events';
import type { Command } from 'commander';
import { type Context, numberOption, openStore } from '../context.ts';
import { addScanningOptions } from '../scanning.ts';
import type { ServeFlags } from '../serving.ts';

/** Where it listens unless told otherwise: the first free port among those that exporters use. */
const usual = '127.0.0.1:9464';

const after = `
Examples:
  snowfence serve --inventory /etc/snowfence/fleet.yaml
  snowfence serve --inventory fleet.yaml --listen 127.0.0.1:9464 --store /var/lib/snowfence/snowfence.db

Runs the jobs of the section "schedules" of the fleet file. SIGHUP reads the file again, SIGTERM lets a run end and stops.
Pages: /healthz (it lives), /readyz (it is as it should be), /metrics (Prometheus). Standard error is its log, one JSON object
a line; what each page and line says is in docs/schedules.md.`;

export function addServe(program: Command, context: Context): void {
  const command = program.command('serve').description('run scheduled scans until stopped: scheduler, health, metrics');
  addScanningOptions(command);
  command.options.find(({ long }) => long === '--inventory')?.makeOptionMandatory();
  command
    .option('--store <file>', 'where scans and manifests are remembered (SNOWFENCE_STORE)')
    .option('--no-notify', 'tell nobody, whatever the fleet file says')
    .option('--listen <host:port>', 'address of its pages', usual)
    .option('--grace <seconds>', 'that a run has to end when it is to stop', numberOption('--grace', 0, 86_400), 30)
    .addHelpText('after', after)
    .action((flags: Omit<ServeFlags, 'listen'> & { listen: string }) => runServe(flags, context));
}

/** Serves until the first SIGINT or SIGTERM. */
async function runServe(given: Omit<ServeFlags, 'listen'> & { listen: string }, context: Context): Promise<void> {
  const [{ serve }, { listenOf }, { machineClock }, memory] = await Promise.all([
    import('../serving.ts'),
    import('../../app/serving/http.ts'),
    import('../../app/scheduling/clock.ts'),
    import('../memory.ts'),
  ]);
  memory.keepMemoryLow();
  const flags: ServeFlags = {
    ...given,
    listen: listenOf(given.listen),
    format: [],
    report: 'findings',
    failOn: 'low',
    wait: 0,
  };
  const store = await openStore(flags.store);
  try {
    const { daemon, stop } = await serve({ flags, context, store, clock: machineClock });
    const reload = () => void daemon.reload();
    process.on('SIGHUP', reload);
    if (!context.signal.aborted) await once(context.signal, 'abort');
    await stop();
    process.off('SIGHUP', reload);
    context.endsBySignal = true;
  } finally {
    store.close();
  }
}

import { type Command, Option } from 'commander';
import { exit } from '../../core/exit.ts';
import { isLive } from '../../core/finding.ts';
import type { Store } from '../../core/ports.ts';
import type { Report } from '../../core/report.ts';
import { type Context, numberOption, openStore } from '../context.ts';
import { storedReport, storedView } from '../files.ts';
import { type PruneFlags, pruneHistory, showTrend, type TrendFlags } from '../memories.ts';
import { addOutputOptions, historyLength, type OutputFlags, outputsFor } from '../output.ts';

export function addHistory(program: Command, context: Context): void {
  const history = program.command('history').description('scans that were remembered');
  history
    .command('list')
    .description('scans, newest first')
    .option('-n, --limit <n>', 'how many', numberOption('--limit', 1, 100_000), 20)
    .option('--json', 'as JSON')
    .option('--store <file>', 'the store')
    .action((flags: { limit: number; json?: boolean; store?: string }) =>
      withStore(flags.store, (store) => {
        const rows = store.listScans(flags.limit);
        if (flags.json) context.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
        else
          for (const r of rows)
            context.stdout.write(
              `${r.id.slice(0, 8)}  ${r.startedAt}  ${String(r.instances).padStart(4)} instances  ${String(r.findings).padStart(5)} findings  ${r.worst}${r.partial ? '  (partial)' : ''}\n`,
            );
      }),
    );
  const show = history
    .command('show')
    .description('a stored scan again, in any format')
    .argument('<SCAN>', 'id, begin of an id, last or last~N')
    .option('--store <file>', 'the store')
    .action((id: string, flags: OutputFlags & { store?: string }) =>
      withStore(flags.store, async (store) => {
        const outputs = await outputsFor(flags);
        await outputs.write(storedView(store, id), context, { history: store.listScans(historyLength) });
      }),
    );
  addOutputOptions(show);
  history
    .command('diff')
    .description('findings that came, went or grew worse between two scans; exit 1 when any came')
    .argument('<A>')
    .argument('<B>')
    .option('--store <file>', 'the store')
    .addHelpText('after', '\nExample: snowfence history diff last~1 last')
    .action((a: string, b: string, flags: { store?: string }) =>
      withStore(flags.store, (store) => {
        if (diffReports(storedReport(store, a), storedReport(store, b), (line) => context.stdout.write(`${line}\n`)))
          context.code = exit.findings;
      }),
    );
  history
    .command('trend')
    .description('live findings and verdicts over time, by image and group')
    .option('--group <name>', 'only of this group')
    .option('--image <ref>', 'only of this image')
    .option('--days <n>', 'how far back', numberOption('--days', 1, 36_500), 30)
    .addOption(
      new Option('--format <format>', 'of the result').choices(['text', 'json', 'csv', 'html']).default('text'),
    )
    .option('--store <file>', 'the store')
    .action((flags: TrendFlags & { store?: string }) =>
      withStore(flags.store, (store) => showTrend(store, flags, context)),
    );
  history
    .command('prune')
    .description('forget old scans, and the findings and notifications that ended before them; never the newest scan')
    .option('--keep <n>', 'the newest scans, and forget all others', numberOption('--keep', 1, 1e9))
    .option('--older-than <age>', 'forget scans that are older: 36h, 90d, 8w')
    .option('--dry-run', 'say what would go, and forget nothing')
    .option('--store <file>', 'the store')
    .addHelpText('after', '\nExample: snowfence history prune --older-than 90d')
    .action((flags: PruneFlags & { store?: string }) =>
      withStore(flags.store, (store) => pruneHistory(store, flags, context)),
    );
}

async function withStore(path: string | undefined, use: (store: Store) => void | Promise<void>): Promise<void> {
  const store = await openStore(path);
  try {
    await use(store);
  } finally {
    store.close();
  }
}

/** Prints the transitions; true when a finding came. */
function diffReports(before: Report, after: Report, print: (line: string) => void): boolean {
  const live = (report: Report) =>
    new Map(
      report.instances.flatMap((i) => i.findings.filter(isLive).map((f) => [f.id, { instance: i.name, f }] as const)),
    );
  const old = live(before);
  const now = live(after);
  let came = false;
  for (const [id, { instance, f }] of now) {
    const was = old.get(id);
    if (!was) {
      came = true;
      print(`new       ${instance}  ${f.severity}  ${f.kind} ${f.subject} ${f.change}`);
    } else if (was.f.severity !== f.severity)
      print(`severity  ${instance}  ${was.f.severity} -> ${f.severity}  ${f.kind} ${f.subject}`);
  }
  const read = new Set(
    after.instances.filter((i) => i.verdict !== 'unreachable' && i.verdict !== 'unknown-image').map((i) => i.name),
  );
  for (const [id, { instance, f }] of old) {
    if (!now.has(id))
      print(
        `${read.has(instance) ? 'resolved' : 'unknown '}  ${instance}  ${f.severity}  ${f.kind} ${f.subject} ${f.change}`,
      );
  }
  return came;
}

import type { Command } from 'commander';
import type { Store } from '../../core/ports.ts';
import { type Context, openStore } from '../context.ts';
import { isReportFile, readWholeReport, storedView } from '../files.ts';
import { addOutputOptions, historyLength, type OutputFlags, outputsFor } from '../output.ts';

const after = `
Examples:
  snowfence report --format html=fleet.html                 (the last scan)
  snowfence report last~1 --format sarif=old.sarif --format markdown
  snowfence report report.json --format csv --output findings.csv
  ssh bastion snowfence report --format json | snowfence report - --format text

A SCAN is the id of a remembered scan, the begin of one, last or last~N; anything with a dot or a slash in it, or that is
a file here, is a FILE; docs/formats.md says what each format is for.`;

export function addReport(program: Command, context: Context): void {
  const command = program
    .command('report')
    .description('render a remembered scan or a report file again, in one or more formats')
    .argument('[SCAN|FILE]', 'a scan, a report in JSON, or - for standard input', 'last')
    .option('--store <file>', 'where scans are remembered (SNOWFENCE_STORE)')
    .addHelpText('after', after)
    .action((of: string, flags: OutputFlags & { store?: string }) => renderAgain(of, flags, context));
  addOutputOptions(command);
}

async function renderAgain(of: string, flags: OutputFlags & { store?: string }, context: Context): Promise<void> {
  const outputs = await outputsFor(flags);
  if (isReportFile(of)) return outputs.write(await readWholeReport(of), context);
  const store: Store = await openStore(flags.store);
  try {
    await outputs.write(storedView(store, of), context, { history: store.listScans(historyLength) });
  } finally {
    store.close();
  }
}

import { type Command, Option } from 'commander';
import type { Waiver } from '../../schema/policy.ts';
import { type Context, openStore } from '../context.ts';
import { readWholeReport, storedReport } from '../files.ts';

/** Where waivers are kept when no file is named. */
const defaultFile = 'waivers.yaml';

interface AddFlags {
  owner: string;
  reason: string;
  expires: string;
  ticket?: string;
  scope: 'instance' | 'image' | 'fleet';
  pin?: boolean;
  file: string;
  scan: string;
  report?: string;
  store?: string;
}

export function addWaiver(program: Command, context: Context): void {
  const waiver = program.command('waiver').description('reviewed exceptions: who accepted what, why, and until when');
  waiver
    .command('add')
    .description('accept a finding for a time; a waiver that has expired is never honoured')
    .argument('<FINDING>', 'its id, or the beginning of it')
    .requiredOption('--owner <name>', 'who answers for it')
    .requiredOption('--reason <text>', 'why it is right, for the one who reads the report (10 characters or more)')
    .requiredOption('--expires <time>', 'until when: 14d, 2027-01-31 (UTC), or a time with its zone')
    .option('--ticket <id>', 'where it was decided')
    .addOption(
      new Option('--scope <scope>', 'the one instance, all of its image, or all')
        .choices(['instance', 'image', 'fleet'])
        .default('instance'),
    )
    .option('--pin', 'only this content: a further change alerts again')
    .option('--file <file>', 'policy file that it is written into', defaultFile)
    .option('--scan <scan>', 'scan that has the finding: id, begin of an id, last or last~N', 'last')
    .option('--report <file>', 'a JSON report instead of a stored scan')
    .option('--store <file>', 'the store')
    .addHelpText(
      'after',
      '\nExample: snowfence waiver add sf-a6a43d76927c5588 --owner ops --reason "until web:43 is out" --expires 14d --pin',
    )
    .action(async (id: string, flags: AddFlags) => {
      const [{ addWaiver: add, expiry, waiverFor }, { locate }] = await Promise.all([
        import('../../app/waivers.ts'),
        import('../../app/explain.ts'),
      ]);
      const expires = expiry(flags.expires, new Date());
      const report = flags.report === undefined ? await lastReport(flags) : await readWholeReport(flags.report);
      const found = locate(report, id);
      const { owner, reason, ticket, scope, pin = false, file } = flags;
      const made = waiverFor(found, { owner, reason, ...(ticket ? { ticket } : {}), expires, scope, pin });
      await add(file, made);
      context.stdout.write(
        `${made.id}: ${found.finding.kind} ${found.finding.subject} is waived until ${expires} (UTC)\n`,
      );
      context.stderr.write(`in force with: snowfence scan --policy ${file}\n`);
    });
  waiver
    .command('list')
    .description('waivers with where they stand: active, expiring (within 14 days), pending, expired')
    .argument('[file...]', `policy files; ${defaultFile} when none is named`)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample: snowfence waiver list waivers.yaml')
    .action(async (files: string[], flags: { json?: boolean }) => {
      const { listWaivers } = await import('../../app/waivers.ts');
      const rows = await listWaivers(files.length > 0 ? files : [defaultFile], new Date());
      if (flags.json) context.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      else for (const row of rows) context.stdout.write(`${line(row)}\n`);
    });
  waiver
    .command('expire')
    .description('end a waiver now; it stays in the file as a record')
    .argument('<ID>')
    .option('--file <file>', 'policy file that holds it', defaultFile)
    .action(async (id: string, flags: { file: string }) => {
      const { expireWaiver } = await import('../../app/waivers.ts');
      await expireWaiver(flags.file, id, new Date());
      context.stdout.write(`${id} has expired\n`);
    });
}

function line({ state, id, expires, owner, reason, ticket }: Waiver & { state: string }): string {
  return `${state.padEnd(8)}  ${id.padEnd(30)}  until ${expires}  ${owner}${ticket ? `, ${ticket}` : ''}: ${reason}`;
}

async function lastReport({ scan, store: path }: AddFlags) {
  const store = await openStore(path);
  try {
    return storedReport(store, scan);
  } finally {
    store.close();
  }
}

import type { Command } from 'commander';
import { UserError } from '../../core/errors.ts';
import { exit } from '../../core/exit.ts';
import type { Store } from '../../core/ports.ts';
import type { Report } from '../../core/report.ts';
import { auditPorts } from '../audit-ports.ts';
import { type Context, openStore, wantsColor } from '../context.ts';
import { isReportFile, readWholeReport, storedReport } from '../files.ts';
import { addScanningOptions, prepareScan, type ScanningFlags } from '../scanning.ts';

/** Options as commander gives them. */
export interface AuditFlags extends ScanningFlags {
  last?: boolean;
  scan?: string;
  report?: string;
  compare?: string;
  plain?: boolean;
  store?: string | false;
}

const after = `
Examples:
  snowfence audit                                       the last scan
  snowfence audit --inventory fleet.yaml                scan now, watch, then browse; p plans replacements
  snowfence audit ssh://root@10.0.0.5 --manifest web-42.manifest
  snowfence audit --last --inventory fleet.yaml         the last scan; R scans again, p plans replacements
  snowfence audit --compare last~1 last                 what changed between two scans (or report files)
  snowfence audit --plain --report report.json          lines and prompts, for screen readers and scripts

Press ? for the keys; docs/audit.md has them all.`;

export function addAudit(program: Command, context: Context): void {
  const command = program
    .command('audit')
    .description('look through a fleet on the terminal: scan or open a report, browse, waive, replace')
    .argument('[INSTANCE...]', 'scan these now; without them and without --inventory the last scan is opened');
  addScanningOptions(command)
    .option('--last', 'open the last scan instead of scanning')
    .option('--scan <scan>', 'open this scan: id, begin of an id, last or last~N')
    .option('--report <file>', 'open a JSON report')
    .option('--compare <earlier>', 'open the scan or report file after it and compare it with this one')
    .option('--plain', 'lines and prompts: nothing is drawn')
    .option('--store <file>', 'where scans and manifests are remembered (SNOWFENCE_STORE)')
    .option('--no-store', 'remember nothing')
    .addHelpText('after', after)
    .action((instances: string[], flags: AuditFlags) => audit(instances, flags, context));
}

async function audit(args: string[], flags: AuditFlags, context: Context): Promise<void> {
  const { stdin } = process;
  const { stdout, env } = context;
  const drawn = flags.plain !== true;
  if (drawn && (!stdout.isTTY || !stdin.isTTY || env['TERM'] === 'dumb'))
    throw new UserError(
      `the audit draws on a terminal, and ${stdout.isTTY && stdin.isTTY ? 'TERM is "dumb"' : `standard ${stdout.isTTY ? 'input' : 'output'} is none`}`,
      'use "snowfence audit --plain" for lines and prompts, or "snowfence scan" for a report',
    );
  const store = flags.store === false ? undefined : await openStore(flags.store);
  try {
    const opened = await open(args, flags, store);
    const prepared = opened.report && !flags.inventory ? undefined : await prepareScan(opened.uris, flags);
    const ports = await auditPorts({ flags, context, store, prepared });
    const about = { ports, ...withoutUndefined(opened), owner: env['USER'] ?? env['LOGNAME'] ?? '' };
    if (drawn) await onScreen(about, context);
    else await inLines(about, context);
  } finally {
    store?.close();
  }
}

type About = {
  ports: Awaited<ReturnType<typeof auditPorts>>;
  owner: string;
  title: string;
  report?: Report;
  before?: Report;
};

/** What is left unhandled must not leave the terminal on its other screen: it is caught, the screen restored, and then told. */
async function onScreen(about: About, context: Context): Promise<void> {
  const { runAudit } = await import('../../tui/run.tsx');
  const stop = new AbortController();
  let crash: { error: unknown } | undefined;
  const onCrash = (error: unknown) => {
    crash ??= { error };
    stop.abort();
  };
  process.on('uncaughtException', onCrash);
  try {
    const { stdout, stderr, env, signal } = context;
    const ended = AbortSignal.any([signal, stop.signal]);
    const color = wantsColor(stdout, env);
    const onWait = () => void stderr.write('waiting for what was interrupted to end; Ctrl-C does not wait\n');
    if (await runAudit({ ...about, onWait, stdin: process.stdin, stdout, color, signal: ended }))
      context.code = exit.interrupted;
  } finally {
    process.off('uncaughtException', onCrash);
  }
  if (crash) throw crash.error;
}

async function inLines(about: About, { stdout, signal }: Context): Promise<void> {
  const [{ PlainAudit }, { createInterface }] = await Promise.all([
    import('../../tui/plain.ts'),
    import('node:readline/promises'),
  ]);
  const terminal = stdout.isTTY === true && process.stdin.isTTY === true;
  const input = createInterface({ input: process.stdin, terminal: false });
  const lines = input[Symbol.asyncIterator]();
  const ways = {
    say: (line: string) => void stdout.write(`${line}\n`),
    async ask(question: string) {
      if (terminal) stdout.write(question);
      const { value, done } = await lines.next();
      return done ? undefined : String(value);
    },
    signal,
  };
  signal.addEventListener('abort', () => input.close());
  await new PlainAudit({ ...about, ways }).run();
  input.close();
}

interface Opened {
  /** Absent: a scan is to be done. */
  report?: Report | undefined;
  before?: Report | undefined;
  title: string;
  /** Who is to be scanned. */
  uris: string[];
}

/** What is to be looked at. @throws UserError */
async function open(args: string[], flags: AuditFlags, store: Store | undefined): Promise<Opened> {
  const stored = (id: string): Report => {
    if (!store)
      throw new UserError(
        `there is no store to find the scan "${id}" in`,
        'leave out --no-store, or name a --report FILE',
      );
    return storedReport(store, id);
  };
  const scanOrFile = (name: string) => (isReportFile(name) ? readWholeReport(name) : stored(name));
  const asked = [
    flags.last && '--last',
    flags.scan && '--scan',
    flags.report && '--report',
    flags.compare && '--compare',
  ];
  const ways = asked.filter(Boolean);
  if (ways.length > 1) throw new UserError(`${ways.join(' and ')} cannot be used together`, 'choose one of them');
  if (flags.compare !== undefined) {
    const [later = 'last', ...more] = args;
    if (more.length > 0) throw new UserError('--compare takes two scans', 'snowfence audit --compare EARLIER LATER');
    return { before: await scanOrFile(flags.compare), report: await scanOrFile(later), title: 'compared', uris: [] };
  }
  if (ways.length > 0 && args.length > 0)
    throw new UserError(`${ways[0]} opens what is there, and ${args[0]} is to be scanned`, 'leave one of them out');
  if (flags.report !== undefined)
    return { report: await readWholeReport(flags.report), title: `report ${flags.report}`, uris: [] };
  const id = flags.scan ?? (flags.last || (args.length === 0 && flags.inventory === undefined) ? 'last' : undefined);
  if (id === undefined) return { title: 'live scan', uris: args };
  const report = stored(id);
  return { report, title: `scan of ${report.scan.startedAt.slice(0, 16)}Z`, uris: [] };
}

function withoutUndefined({ report, before, title }: Opened) {
  return { title, ...(report ? { report } : {}), ...(before ? { before } : {}) };
}

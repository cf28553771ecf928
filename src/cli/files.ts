import { existsSync, readFileSync } from 'node:fs';
import { viewOf, wholeOf } from '../app/stored.ts';
import { messageOf, UserError } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import type { Report, ReportView } from '../core/report.ts';
import { writeFile } from './write.ts';

/** Text of a public key file. @throws UserError when it cannot be read, or holds something else. */
export function readKey(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UserError(
      `cannot read the launch key ${path}: ${messageOf(error)}`,
      'name a public key file (id_ed25519.pub)',
      { cause: error },
    );
  }
  if (!/AAAA[A-Za-z0-9+/]{20,}/.test(text) || text.includes('PRIVATE')) {
    throw new UserError(`${path} holds no OpenSSH public key`, 'name the .pub file');
  }
  return text;
}

/** Writes a small result to a file. @throws UserError */
export function writeResult(path: string, text: string): void {
  writeFile(path, [text]);
}

const howToWrite = 'write one with "snowfence scan ... --format json --output FILE"';

/**
 * A JSON report from a file, proved against the published schema, so that whoever renders it may rely on each field; `-` = standard input.
 * @throws UserError
 */
export async function readWholeReport(path: string): Promise<Report> {
  const name = path === '-' ? 'standard input' : path;
  const [{ compileSchema }, { reportSchema }, { text }] = await Promise.all([
    import('../schema/validate.ts'),
    import('../schema/report.ts'),
    import('node:stream/consumers'),
  ]);
  const given = path === '-' ? await text(process.stdin) : undefined;
  const report = reportOf(name, () => given ?? readFileSync(path, 'utf8'));
  const mistakes = (await compileSchema(reportSchema))(report);
  if (mistakes.length === 0) return report;
  const shown = mistakes.slice(0, 5).map(({ pointer, message }) => `${pointer || '/'} ${message}`);
  throw new UserError(
    `${name} is no whole report: ${shown.join('; ')}`,
    '"snowfence schema report" prints what a report must hold',
  );
}

function reportOf(name: string, read: () => string): Report {
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(read()) as Partial<Report> | null;
  } catch (error) {
    throw new UserError(`cannot read the report ${name}: ${messageOf(error)}`, howToWrite, { cause: error });
  }
  if (report?.schema !== 'snowfence.report/v1' || !Array.isArray(report.instances))
    throw new UserError(`${name} is no report: its schema is ${JSON.stringify(report?.schema)}`, howToWrite);
  return report as Report;
}

/** The report of a stored scan, to go through. @throws UserError */
export function storedView(store: Store, id: string): ReportView {
  const found = store.findScan(id);
  if (!found) throw new UserError(`no scan "${id}" is remembered`, '"snowfence history list" shows what there is');
  return viewOf(found);
}

/** The same with all its instances at once. @throws UserError */
export function storedReport(store: Store, id: string): Report {
  return wholeOf(storedView(store, id));
}

/**
 * Is a file meant, and not a remembered scan? Ids of scans hold neither dot nor slash; `last` is the last scan even where a file has that
 * name, which `./last` then means.
 */
export function isReportFile(of: string): boolean {
  if (of === '-' || /[./]/.test(of)) return true;
  return !/^last(~\d+)?$/.test(of) && existsSync(of);
}

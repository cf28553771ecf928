import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { wholeOf } from '../app/stored.ts';
import { complianceFormats } from '../compliance/registry.ts';
import { UserError } from '../core/errors.ts';
import { provide } from '../core/registry.ts';
import type { ReportView } from '../core/report.ts';
import { renderers } from '../report/registry.ts';
import type { Renderer, RenderOptions } from '../report/renderer.ts';
import { nearest } from '../schema/validate.ts';
import { type Context, collectOption, wantsColor } from './context.ts';
import { ownDescriptor, readerOf, writeFile, writeStream } from './write.ts';

/** What a report is about: the findings, or the controls that they bear on. */
export const reportKinds = ['findings', 'compliance'] as const;
export type ReportKind = (typeof reportKinds)[number];

/** Flags of whatever shows a report. */
export interface OutputFlags {
  /** `FORMAT` or `FORMAT=FILE`. */
  format: string[];
  report: ReportKind;
  output?: string;
  all?: boolean;
}

/** Adds these options. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--format <format[=file]>', 'of the result, repeatable with a file each')
        .choices(Object.keys(renderers))
        .argParser(collectOption)
        .default([], 'text'),
    )
    .addOption(new Option('--report <kind>', 'what the result is about').choices([...reportKinds]).default('findings'))
    .option('--output <file>', 'write the result there instead of to standard output')
    .option('--all', 'show expected and waived differences too');
}

/** Scans that formats with charts are given, at most. */
export const historyLength = 100;

type Write = (report: ReportView, options: RenderOptions) => Iterable<string>;

/** Results of one report, proved possible before anybody is asked anything. */
export interface Outputs {
  /** Does one of them list the packages of the instances? */
  wantsPackages: boolean;
  /** Writes all of them, one after the other. @throws UserError for a file that cannot be written. */
  write(report: ReportView, context: Context, more?: Pick<RenderOptions, 'history' | 'packagesOf'>): Promise<void>;
}

/**
 * Reads what the flags ask for; `ofScan`: of a scan that is yet to come, which knows more than its report.
 * @throws UserError for a format, a file or a combination that cannot be.
 */
export async function outputsFor(
  { format, report: kind, output, all = false }: OutputFlags,
  ofScan = false,
): Promise<Outputs> {
  const asked = (format.length > 0 ? format : ['text']).map(split);
  const bare = asked.filter(({ file }) => file === undefined);
  if (bare.length > 1)
    throw new UserError(
      `${bare.map((one) => `--format ${one.format}`).join(' and ')} cannot both go to ${output === undefined ? 'standard output' : `--output ${output}`}`,
      `give all but one a file: --format ${bare[1]?.format}=FILE`,
    );
  if (output !== undefined && bare.length === 0)
    throw new UserError(
      `--output ${output} is for the format that has no file of its own, and each has one`,
      'leave it out, or give a --format without =FILE',
    );
  const writers = await Promise.all(
    asked.map(async (one) => ({ file: nameOf(one.file ?? output ?? '-'), ...(await writerFor(kind, one.format)) })),
  );
  const lacking = asked.find((_, i) => writers[i]?.needs && !ofScan);
  if (lacking)
    throw new UserError(
      `--format ${lacking.format} needs the packages of each instance, and a report holds only what differs`,
      `let a scan write it: snowfence scan ... --format ${lacking.format}=FILE`,
    );
  const places = writers.map(({ file }) => (file === '-' ? file : placeOf(file)));
  const twice = writers.find((_, i) => places.indexOf(places[i] as string) !== i);
  if (twice)
    throw new UserError(
      `two formats cannot both go to ${twice.file === '-' ? 'standard output' : twice.file}`,
      'give each a file of its own',
    );
  return {
    wantsPackages: writers.some(({ needs }) => needs === 'packages'),
    async write(report, context, more = {}) {
      const { stdout, env } = context;
      context.finishing = true;
      const failures: unknown[] = [];
      for (const { file, write } of writers) {
        const color = file === '-' && wantsColor(stdout, env);
        const chunks = write(report, { color, all, ...more });
        try {
          if (file === '-') await writeStream(stdout, chunks);
          else {
            const reader = await readerOf(file, context.signal);
            try {
              writeFile(file, chunks);
            } finally {
              reader?.close();
            }
          }
        } catch (error) {
          // A full disk under one of them must not cost the others: the scan cannot be had again.
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

function split(text: string): { format: string; file?: string } {
  const at = text.indexOf('=');
  if (at < 0) return { format: text };
  const file = text.slice(at + 1);
  if (file === '')
    throw new UserError(`--format ${text} names no file`, 'write FORMAT=FILE, or FORMAT alone for standard output');
  return { format: text.slice(0, at), file };
}

const nameOf = (file: string) => (ownDescriptor(file) === 1 ? '-' : file);

/** The place that a file name means, so that two names of one file are seen. @throws UserError when it cannot be one. */
function placeOf(file: string): string {
  const path = resolve(file);
  if (existsSync(path)) {
    const found = statSync(path);
    if (found.isDirectory()) throw new UserError(`cannot write ${file}: it is a directory`, 'name a file');
    // What is no file may have no name behind its links (/dev/stdout).
    return found.isFile() ? realpathSync(path) : path;
  }
  const above = dirname(path);
  if (!existsSync(above))
    throw new UserError(
      `cannot write ${file}: there is no directory ${above}`,
      'name a file in a directory that exists',
    );
  return join(realpathSync(above), basename(path));
}

/** How a report is written. @throws UserError for a format that its kind does not have. */
async function writerFor(kind: ReportKind, format: string): Promise<{ write: Write; needs?: Renderer['needs'] }> {
  // What a person reads on a terminal is fit for a ticket too.
  const wanted = kind === 'compliance' && format === 'text' ? 'markdown' : format;
  const known = Object.keys(kind === 'compliance' ? complianceFormats : renderers);
  if (!known.includes(wanted)) {
    const guess = nearest(format, known);
    throw new UserError(
      `--format ${format} is not a format of a report of ${kind}${guess.includes('did you mean') ? guess : ''}`,
      `there are ${known.join(', ')}${kind === 'compliance' && Object.hasOwn(renderers, wanted) ? '; it is one of --report findings' : ''}`,
    );
  }
  if (kind === 'compliance') {
    const render = await provide(complianceFormats, 'format', wanted);
    return { write: (report) => [render(wholeOf(report))] };
  }
  const renderer = await provide(renderers, 'format', wanted);
  return { write: (report, options) => renderer.render(report, options), needs: renderer.needs };
}

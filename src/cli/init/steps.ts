import { join, resolve } from 'node:path';
import { printable } from '../../core/bytes.ts';
import { type ExitCode, exit, worstExit } from '../../core/exit.ts';
import { uriOf } from '../../inventory/uri/inventory.ts';
import type { Context } from '../context.ts';
import type { Answers } from './answers.ts';

/** Names of what `init` makes, as they are typed where it was started. */
export interface Places {
  dir: string;
  fleet: string;
  policy: string;
  manifest: string;
  reports: string;
}

/** Where everything goes. */
export function placesIn(dir: string, { image, reports }: Pick<Answers, 'image' | 'reports'>): Places {
  const name = image.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'image';
  return {
    dir,
    fleet: join(dir, 'fleet.yaml'),
    policy: join(dir, 'policy.yaml'),
    manifest: join(dir, `${name}.manifest`),
    reports: resolve(dir, reports) === reports ? reports : join(dir, reports),
  };
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_./:@%+=,~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const line = (args: readonly string[]): string => printable(`snowfence ${args.map(quoted).join(' ')}`);

/** The three commands that a first hour begins with. */
export function firstCommands(answers: Answers, places: Places, store: readonly string[]): string[][] {
  const { source, image, identityFiles, sudo } = answers;
  const way = [...identityFiles.flatMap((file) => ['-i', file]), ...(sudo ? ['--sudo'] : [])];
  const live = source !== undefined && !/^(rootfs|docker-archive|oci|oci-layout|docker-image):/.test(source);
  return [
    ['doctor', '--inventory', places.fleet],
    ...(source === undefined
      ? []
      : [
          [
            ...['manifest', 'create', live ? asUser(source, answers.user) : source, '--image', image],
            ...['-o', places.manifest, '--add', ...(live ? way : []), ...store],
          ],
        ]),
    [...scanCommand(places), ...store],
  ];
}

/** A scan with what `init` wrote. */
function scanCommand({ fleet, policy, reports }: Places): string[] {
  const json = join(reports, 'last.json');
  return ['scan', '--inventory', fleet, '--policy', policy, '--format', 'text', '--format', `json=${json}`];
}

/** The user of the fleet file, where a golden instance names none. */
function asUser(source: string, user: string | undefined): string {
  const uri = uriOf(source);
  return user !== undefined && /^ssh:\/\/[^@]+$/.test(uri) ? uri.replace('ssh://', `ssh://${user}@`) : uri;
}

/** Runs them one after the other and says each; the worst exit code, that of the preflight aside: the scan says it again. */
export async function runFirst(commands: readonly string[][], context: Context): Promise<ExitCode> {
  const codes: ExitCode[] = [];
  for (const args of commands) {
    context.stderr.write(`\n> ${line(args)}\n`);
    const code = (await context.run(args)) as ExitCode;
    if (args[0] !== 'doctor' || code !== exit.incomplete) codes.push(code);
    // Without a manifest, or after Ctrl-C, a scan would tell nothing.
    if (code === exit.usage || code === exit.bug || code >= exit.interrupted) break;
  }
  return worstExit(codes);
}

/** What to do next, as lines that can be typed. */
export function nextSteps(answers: Answers, places: Places, left: readonly string[][]): string {
  const steps: [string, string][] = [
    ...left.map((args): [string, string] => [line(args), about[args[0] as string] ?? '']),
    ...(answers.source === undefined
      ? ([
          [
            `snowfence manifest create SOURCE --image ${quoted(answers.image)} -o ${quoted(places.manifest)} --add`,
            'the manifest of your image: without it nothing can be compared',
          ],
        ] as [string, string][])
      : []),
    [line(['audit', '--last', '--inventory', places.fleet]), 'look through the last scan'],
    [line(['report', '--format', `html=${join(places.reports, 'last.html')}`]), 'the same as a page'],
    ...(Object.keys(answers.sinks).length === 0
      ? []
      : ([[line(['notify', 'test', '--inventory', places.fleet]), 'a test message to each sink']] as [
          string,
          string,
        ][])),
    ...(answers.job === undefined
      ? []
      : ([
          [
            line(['schedule', 'print', '--cron', '--inventory', places.fleet]),
            'lines for your crontab; --systemd: units',
          ],
          [line(['serve', '--inventory', places.fleet]), 'or let it scan by itself'],
        ] as [string, string][])),
  ];
  return `Next:\n${steps.map(([command, why]) => `  ${command}\n      ${why}\n`).join('')}`;
}

const about: Readonly<Record<string, string>> = {
  doctor: 'what a scan may read of each instance, and what to change',
  manifest: 'the manifest of your image',
  scan: 'the first scan',
};

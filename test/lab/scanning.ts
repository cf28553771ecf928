import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLive } from '../../src/core/finding.ts';
import type { InstanceReport, Report, ReportFinding } from '../../src/core/report.ts';
import { type CommandResult, must, run } from './exec.ts';
import type { Fleet, LabInstance } from './fleet.ts';
import type { LabImage } from './image-store.ts';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What the lab's servers may listen on. */
export const PORTS = `schema: snowfence.policy/v1
name: lab
description: What the lab's servers may listen on.
rules:
  - id: lab/ssh
    kind: allow
    reason: people log in there
    fact: socket
    protocols: [tcp, tcp6]
    ports: [22]
    executables: [/usr/sbin/sshd]
`;

/** The command line as a user starts it. */
export const SNOWFENCE = join(repository, 'bin/snowfence');

/** A finding without what differs from scan to scan. */
export interface Seen {
  readonly kind: string;
  readonly change: string;
  readonly subject: string;
  readonly severity: string;
}

export interface Scanned {
  readonly code: number;
  readonly report: Report;
  readonly stderr: string;
  /** The part of the report that is about this instance. */
  of(instance: Pick<LabInstance, 'address'>): InstanceReport;
  /** Its live findings, in a fixed order. */
  live(instance: Pick<LabInstance, 'address'>): Seen[];
}

let building: Promise<unknown> | undefined;

/** Compiles what changed, so that a test never runs yesterday's program; type errors are another check's business. */
function built(): Promise<unknown> {
  building ??= run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', repository]);
  return building;
}

export async function snowfence(args: readonly string[]): Promise<CommandResult> {
  await built();
  return run(process.execPath, [SNOWFENCE, ...args]);
}

/** A directory for manifests and policies, removed at the end. */
export class Desk implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<Desk> {
    await built();
    return new Desk(await mkdtemp(join(tmpdir(), 'snowfence-desk-')));
  }

  /** Manifest of an image from its directory. */
  async manifest(image: LabImage): Promise<string> {
    const file = join(this.dir, `${image.ref.replaceAll(/[^a-z0-9]/g, '-')}.manifest`);
    await must(process.execPath, [
      ...[SNOWFENCE, 'manifest', 'create', `rootfs:${image.dir}`],
      ...['--image', image.ref, '-o', file],
    ]);
    return file;
  }

  async file(name: string, text: string): Promise<string> {
    await writeFile(join(this.dir, name), text);
    return join(this.dir, name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** Arguments of a scan with the fleet's key and known hosts and nothing of this machine's configuration. */
export function scanArgs(
  fleet: Pick<Fleet, 'keyFile' | 'knownHosts'>,
  instances: readonly Pick<LabInstance, 'address'>[],
  manifest: string,
  more: readonly string[] = [],
  user = 'root',
): string[] {
  return [
    'scan',
    ...instances.map((one) => uriOf(one, user)),
    ...['--manifest', manifest, '-i', fleet.keyFile, '--known-hosts', fleet.knownHosts],
    ...['--ssh-config', '/dev/null', '--no-store', '--format', 'json', ...more],
  ];
}

export async function scan(...args: Parameters<typeof scanArgs>): Promise<Scanned> {
  return scanned(await snowfence(scanArgs(...args)));
}

export function scanned(result: CommandResult): Scanned {
  if (!result.stdout.startsWith('{')) throw new Error(`no report (exit ${result.code}): ${result.stderr}`);
  const report = JSON.parse(result.stdout) as Report;
  const of = (instance: Pick<LabInstance, 'address'>) => {
    const found = report.instances.find((one) => one.uri.includes(`@${instance.address}`));
    if (!found) throw new Error(`the report does not mention ${instance.address}`);
    return found;
  };
  return {
    code: result.code,
    report,
    stderr: result.stderr,
    of,
    live: (instance) => sorted(of(instance).findings.filter(isLive).map(seen)),
  };
}

export function seen(finding: ReportFinding): Seen {
  const { kind, change, subject, severity } = finding;
  return { kind, change, subject, severity };
}

export function sorted(list: readonly Seen[]): Seen[] {
  const key = (one: Seen) => [one.kind, one.subject, one.change].join('\0');
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function uriOf(one: Pick<LabInstance, 'address'>, user: string): string {
  return `ssh://${user}@${one.address}:22`;
}

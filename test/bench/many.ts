import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fleet, startFleet } from '../lab/fleet.ts';
import { type LabImage, pythonImage } from '../lab/image.ts';
import { type Cost, type Row, run, seconds } from './measure.ts';
import { cli } from './trees.ts';

/** Instances that one machine carries as servers of their own; more targets share these. */
const mostServers = 200;
/** How many are scanned at once. */
const atOnce = 200;

/**
 * CPU and memory of the scanner for so many targets, up to 200 at once. More than 200 are as many names for 20 servers:
 * for the scanner each is a connection, a handshake, an answer and a judgement of its own.
 */
export async function scannerCost(image: LabImage, where: string, counts: number[]): Promise<string[]> {
  const lines: string[] = [];
  for (const count of counts) {
    const servers = count > mostServers ? 20 : count;
    const fleet = await startFleet(image, servers);
    try {
      const cost = scanAll(fleet, join(where, 'small.manifest'), where, count);
      const shared = servers < count ? ` (names for ${servers} servers)` : '';
      lines.push(`${count} instances${shared}, ${Math.min(count, atOnce)} at once: ${costOf(cost, count)}`);
    } finally {
      await fleet.stop();
    }
  }
  return lines;
}

/** A fleet that is judged, counted and clustered, and reported as JSON, on one core. */
export function judgedFleet(instances: number, findings: number): string {
  const script = join(import.meta.dirname, 'judged.ts');
  const command = ['-c', '0', process.execPath, script, String(instances), String(findings)];
  const { status, stdout, stderr } = spawnSync('taskset', command, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`judged.ts ended with ${status}: ${stderr.slice(-500)}`);
  const { judge, fleet, report, maxRssMiB } = JSON.parse(stdout) as Record<string, number>;
  const both = seconds((judge ?? 0) + (fleet ?? 0));
  return `${instances} instances with ${findings} findings each on one core: ${both} to judge and cluster (goal for 10,000: 30 s), ${seconds(report ?? 0)} to write the report, ${maxRssMiB} MiB at most (goal 1 GB)`;
}

function costOf({ wall, cpu, maxRssKiB }: Cost, count: number): string {
  const each = ((cpu / count) * 1000).toFixed(1);
  return `${seconds(wall)} wall, ${each} ms of scanner CPU each (start included), ${(maxRssKiB / 1024).toFixed(0)} MB at most`;
}

/** One full scan of `count` targets, all clean. */
function scanAll(fleet: Fleet, manifest: string, where: string, count: number): Cost {
  const hosts = Array.from({ length: count }, (_, i) => {
    const { address, port } = fleet.instances[i % fleet.instances.length] ??
      fleet.instances[0] ?? { address: '', port: 0 };
    return `  - { name: target-${i}, address: "ssh://root@${address}:${port}" }`;
  });
  const inventory = join(where, 'fleet.yaml');
  writeFileSync(inventory, `schema: snowfence.fleet/v1\nhosts:\n${hosts.join('\n')}\n`);
  const way = ['-i', fleet.keyFile, '--known-hosts', fleet.knownHosts, '--ssh-config', '/dev/null'];
  const scan = ['scan', '--inventory', inventory, '--manifest', manifest, '--no-store', '--format', 'json'];
  // Names that share a server show the same host key, which is a finding: 1 is allowed then.
  const allowed = count > fleet.instances.length ? [0, 1] : [0];
  return run([...cli, ...scan, '--concurrency', String(atOnce), ...way], allowed);
}

/**
 * Twenty servers at once against Ansible's find module with checksums, both forking twenty times. The module is Python,
 * so the servers have that; where such an image cannot be made, the raw module with find and sha256sum is the anchor.
 */
export async function againstAnsible(image: LabImage, where: string): Promise<{ rows: Row[]; lines: string[] }> {
  if (spawnSync('ansible', ['--version']).status !== 0) return { rows: [], lines: ['ansible is not installed here'] };
  const lines: string[] = [];
  const python = await pythonImage().catch((error: unknown) => {
    lines.push(
      `no image with Python could be made (${String(error).slice(0, 200)}): Ansible's raw module is the anchor`,
    );
    return undefined;
  });
  const count = 20;
  const of = python ?? image;
  const manifest = join(where, 'python.manifest');
  run([...cli, 'manifest', 'create', `rootfs:${of.dir}`, '--image', of.ref, '-o', manifest]);
  const fleet = await startFleet(of, count);
  try {
    const ours = scanAll(fleet, manifest, where, count);
    const theirs = ansible(fleet, where, python !== undefined);
    const what = python ? 'ansible -m find get_checksum (/usr, /etc only)' : 'ansible -m raw find + sha256sum';
    const row = (of: string, a: number, b: number, target: number): Row => ({
      what: `20 instances at once, ${of} / ${what}`,
      ours: seconds(a),
      anchor: seconds(b),
      ratio: a / b,
      target,
    });
    lines.push(`20 instances at once beside Ansible: ${costOf(ours, count)}`);
    return {
      rows: [row('wall', ours.wall, theirs.wall, 1 / 10), row('scanner CPU', ours.cpu, theirs.cpu, 1 / 100)],
      lines,
    };
  } finally {
    await fleet.stop();
  }
}

function ansible(fleet: Fleet, where: string, python: boolean): Cost {
  const inventory = join(where, 'hosts.ini');
  const common = `ansible_user=root ansible_ssh_private_key_file=${fleet.keyFile} ansible_ssh_common_args="-F /dev/null -o UserKnownHostsFile=${fleet.knownHosts}" ansible_python_interpreter=/usr/bin/python3`;
  writeFileSync(inventory, fleet.instances.map((one) => `${one.address} ${common}`).join('\n'));
  const find = 'paths=/usr,/etc recurse=yes hidden=yes file_type=any get_checksum=yes checksum_algorithm=sha256';
  const older = find.replace(' checksum_algorithm=sha256', '');
  const command = ['ansible', 'all', '-i', inventory, '-f', '20', '-m'];
  if (!python) return run([...command, 'raw', '-a', 'find / -xdev -type f -exec sha256sum {} + | tail -n 1']);
  const knows = spawnSync('ansible-doc', ['find'], { encoding: 'utf8' }).stdout.includes('checksum_algorithm');
  return run([...command, 'find', '-a', knows ? find : older]);
}

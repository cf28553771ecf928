import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fleet, startFleet } from '../lab/fleet.ts';
import { type LabImage, pythonImage } from '../lab/image.ts';
import { type Cost, type Row, run, seconds } from './measure.ts';
import { cli, sshTo } from './trees.ts';

/** How many are scanned at once. */
const atOnce = 200;

/**
 * CPU and memory of the scanner for so many targets, up to 200 at once. They are servers of ours that say what one instance of the lab
 * said (echo.ts): each is a connection, a handshake, an answer and a judgement of its own, and nothing is hashed beside the scanner.
 */
export async function scannerCost(image: LabImage, where: string, counts: number[]): Promise<string[]> {
  const fleet = await startFleet(image, 1);
  try {
    const [host] = fleet.instances;
    if (!host) throw new Error('no instance');
    const lines: string[] = [];
    for (const count of counts) {
      const echo = await startEcho(count, where, [...sshTo(fleet, host), `root@${host.address}`]);
      try {
        const manifest = join(where, 'small.manifest');
        const options = { keyFile: fleet.keyFile, knownHosts: join(where, 'known_hosts'), manifest };
        // They all show one host key, which is a finding.
        const scanned = (inventory: string) => scanAll({ ...options, inventory: join(where, inventory) }, [0, 1]);
        scanned('first.yaml');
        lines.push(
          `${count} echoes of one instance, ${Math.min(count, atOnce)} at once: ${costOf(scanned('fleet.yaml'), count)}`,
        );
      } finally {
        echo.kill();
      }
    }
    return lines;
  } finally {
    await fleet.stop();
  }
}

/** Starts so many servers of echo.ts, and waits until they are there. */
async function startEcho(count: number, where: string, command: string[]): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'echo.ts');
  const child = spawn(process.execPath, [script, String(count), where, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`echo.ts ended with ${code}`))),
  ]);
  return child;
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

interface ScanOptions {
  inventory: string;
  manifest: string;
  keyFile: string;
  knownHosts: string;
}

/** One full scan of all targets, which ends with one of these codes. */
function scanAll({ inventory, manifest, keyFile, knownHosts }: ScanOptions, allowed: number[]): Cost {
  const way = ['-i', keyFile, '--known-hosts', knownHosts, '--ssh-config', '/dev/null'];
  const scan = ['scan', '--inventory', inventory, '--manifest', manifest];
  const rest = ['--no-store', '--format', 'json', '--concurrency', String(atOnce)];
  return run([...cli, ...scan, ...rest, ...way], allowed);
}

/** The fleet's servers as an inventory. */
function inventoryOf(fleet: Fleet, where: string): string {
  const file = join(where, 'fleet.yaml');
  const hosts = fleet.instances.map(
    ({ name, address, port }) => `  - { name: ${name}, address: "ssh://root@${address}:${port}" }\n`,
  );
  writeFileSync(file, `schema: snowfence.fleet/v1\nhosts:\n${hosts.join('')}`);
  return file;
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
    const { keyFile, knownHosts } = fleet;
    const inventory = inventoryOf(fleet, where);
    const scanned = () => scanAll({ inventory, manifest, keyFile, knownHosts }, [0]);
    // As with the trees, neither of them is the one that looks at servers nobody looked at before. Ansible comes last: it leaves things there.
    const cold = scanned();
    const runs = [scanned(), scanned(), scanned()].sort((a, b) => a.wall - b.wall);
    const ours = runs[1] ?? cold;
    const theirs = ansible(fleet, where, python !== undefined);
    const what = python ? 'ansible -m find get_checksum (/usr, /etc only)' : 'ansible -m raw find + sha256sum';
    const row = (of: string, a: number, b: number, target: number): Row => ({
      what: `20 instances at once, ${of} / ${what}`,
      ours: seconds(a),
      anchor: seconds(b),
      ratio: a / b,
      target,
    });
    lines.push(
      `20 instances at once beside Ansible: ${costOf(ours, count)}; for the first time: ${costOf(cold, count)}`,
    );
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

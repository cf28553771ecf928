import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fleet, startFleet } from '../lab/fleet.ts';
import type { LabImage } from '../lab/image.ts';
import type { LabInstance } from '../lab/instance.ts';
import { interleave, type Row, run, seconds } from './measure.ts';

export const cli = ['node', join(import.meta.dirname, '..', '..', 'bin', 'snowfence')];

/**
 * A tree of at least 100,000 files: the lab image with copies of its /usr below /opt, in memory if `where` is. Its newest package is
 * newer than its files, as on a disk that was copied block by block: what `cp` wrote would all count as changed since the image.
 */
export function largeTree(image: LabImage, where: string): LabImage {
  const dir = join(where, 'large');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  sh(
    `cp -a ${image.dir}/. ${dir}/ && for i in $(seq 1 13); do cp -a ${image.dir}/usr ${dir}/opt/copy$i; done; touch ${dir}/var/lib/dpkg/info/*.list`,
  );
  return { ...image, dir };
}

/** The system's ssh with a fleet's keys, for one of its servers; the user and the command come behind it. */
export function sshTo(fleet: Fleet, { port }: LabInstance): string[] {
  const options = ['-F', '/dev/null', '-i', fleet.keyFile, '-o', `UserKnownHostsFile=${fleet.knownHosts}`];
  return ['ssh', ...options, '-p', String(port)];
}

function sh(script: string): void {
  const result = spawnSync('sh', ['-ec', script], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${script}: ${result.stderr}`);
}

/** AIDE configuration with what our full scan reads: digest, mode, owner, size, mtime of everything below a directory. */
function aideConfig(dir: string, where: string): string {
  const file = join(where, 'aide.conf');
  const db = join(where, 'aide.db');
  const prune = ['proc', 'sys', 'dev', 'run', 'tmp'].map((d) => `!${dir}/${d}$`).join('\n');
  writeFileSync(
    file,
    `database_in=file:${db}\ndatabase_out=file:${db}\ngzip_dbout=no\nR = p+u+g+s+m+sha256\n${dir} R\n${prune}\n`,
  );
  return file;
}

/** Full scan over SSH against the anchors, one tree. */
export async function scanAgainstAnchors(
  name: string,
  image: LabImage,
  where: string,
  rounds: number,
  target: number,
): Promise<{ rows: Row[]; lines: string[] }> {
  const manifest = join(where, `${name}.manifest`);
  run([...cli, 'manifest', 'create', `rootfs:${image.dir}`, '--image', image.ref, '-o', manifest]);
  const config = aideConfig(image.dir, where);
  run(['aide', '--init', '-c', config]);
  const fleet = await startFleet(image, 1);
  try {
    const host = fleet.instances[0];
    if (!host) throw new Error('no instance');
    const scan = [
      ...cli,
      'scan',
      `ssh://root@${host.address}:${host.port}`,
      '--manifest',
      manifest,
      '-i',
      fleet.keyFile,
    ];
    const options = ['--known-hosts', fleet.knownHosts, '--ssh-config', '/dev/null', '--format', 'json'];
    const ssh = [...sshTo(fleet, host), `root@${host.address}`];
    const store = ['--store', join(where, `store-of-${name}.db`)];
    const received = (depth: string) => {
      const report = JSON.parse(
        spawnSync('node', [...scan.slice(1), ...options, ...store, '--depth', depth], {
          encoding: 'utf8',
          maxBuffer: 1 << 28,
        }).stdout,
      );
      return `${(report.instances[0].coverage.bytesReceived / 1000).toFixed(0)} kB`;
    };
    const wire = [`first full ${received('full')}`, `again full ${received('full')}`, `quick ${received('quick')}`];
    const found = interleave(rounds, {
      ours: () => run([...scan, ...options, '--no-store']).wall,
      quick: () => run([...scan, ...options, ...store, '--depth', 'quick']).wall,
      aide: () => run(['aide', '--check', '-c', config]).wall,
      mtree: () => run(['mtree', '-c', '-K', 'sha256', '-p', image.dir]).wall,
      openssl: () =>
        run(['sh', '-c', `find ${image.dir} -type f -print0 | xargs -0 -n 4000 openssl dgst -sha256 -r`]).wall,
      sweep: () => run([...ssh, "find / -xdev -printf '%p %y %m %U %G %s %T@ %C@ %i %l\\n' | wc -c"]).wall,
    });
    const row = (anchor: string, what: string, goal?: number, depth = 'full'): Row =>
      ratioOf(
        `${name}: ${depth} scan over SSH, whole process / ${what}`,
        found[depth === 'full' ? 'ours' : 'quick'],
        found[anchor],
        goal,
      );
    await host.run(`find /usr -type f | awk 'NR%50==0' | head -100 | while read -r f; do touch "$f"; done`);
    wire.push(`quick after 100 touched files ${received('quick')}`);
    return {
      rows: [
        row('aide', 'aide --check', target),
        row('mtree', 'mtree -c sha256'),
        row('openssl', 'find + openssl, one worker'),
        row('aide', 'aide --check', 1 / 80, 'quick'),
        // The least that a quick scan can take: the road, and one look at what stat says.
        row('sweep', "ssh HOST 'find / -xdev -printf ...' alone", undefined, 'quick'),
        ratioOf(`${name}: that ssh and find / aide --check`, found['sweep'], found['aide']),
      ],
      lines: [`${name}: bytes from the instance: ${wire.join(', ')}`],
    };
  } finally {
    await fleet.stop();
  }
}

function ratioOf(what: string, ours = Number.NaN, anchor = Number.NaN, target?: number): Row {
  return { what, ours: seconds(ours), anchor: seconds(anchor), ratio: ours / anchor, ...(target ? { target } : {}) };
}

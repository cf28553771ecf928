import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, it } from 'vitest';
import { labDir } from './place.ts';

const TOOLS =
  'mmdebstrap ssh ssh-keygen ip mount umount unshare nsenter setpriv flock pivot_root mknod tar chroot'.split(' ');

/** Tries, in namespaces of its own, everything that an instance is made of. */
const TRIAL = `mount -t tmpfs tmpfs "$1" && mkdir "$1/l" "$1/u" "$1/w" "$1/m" && mknod "$1/null" c 1 3 && : >"$1/null" &&
mount -t overlay -o "lowerdir=$1/l,upperdir=$1/u,workdir=$1/w" overlay "$1/m" && mount -t proc proc "$1/m" &&
ip link add lab0 type bridge && ip link add lab1 type veth peer name lab2 && ip link set lab1 master lab0`;

let known: string | undefined;
let asked = false;

/** Why the lab cannot run here; undefined when it can. Asked once per process. */
export function labProblem(): string | undefined {
  if (!asked) known = findProblem();
  asked = true;
  return known;
}

/** Which of these programs are not on PATH, as a sentence; undefined when all are. */
export function missingTools(tools: readonly string[]): string | undefined {
  const path = (process.env['PATH'] ?? '').split(':');
  const programs = new Set(path.flatMap((dir) => (dir ? list(dir) : [])));
  const missing = tools.filter((tool) => !programs.has(tool));
  return missing.length > 0 ? `these programs are not on PATH: ${missing.join(', ')}` : undefined;
}

/**
 * A `describe` that needs the lab (and perhaps more programs of this machine, such as rpmbuild). Where the lab cannot run, its tests are
 * skipped and the reason is printed; with SNOWFENCE_LAB=required, as in CI, that is a failure.
 */
export function describeLab(name: string, fn: () => void, more: readonly string[] = []): void {
  const problem = labProblem() ?? missingTools(more);
  if (!problem) {
    describe(name, fn);
  } else if (process.env['SNOWFENCE_LAB'] === 'required') {
    describe(name, () => {
      it('finds a machine on which the lab can run', () => {
        throw new Error(`SNOWFENCE_LAB=required, but ${problem}`);
      });
    });
  } else {
    process.stderr.write(`lab: skipping "${name}": ${problem}\n`);
    describe.skip(`${name} (skipped: ${problem})`, fn);
  }
}

function findProblem(): string | undefined {
  if (process.platform !== 'linux') return `the lab needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'the lab needs root (it mounts and makes namespaces)';
  const missing = missingTools(TOOLS);
  if (missing) return missing;
  const dir = labDir();
  if (/[,:\\]/.test(dir))
    return `overlayfs cannot have a directory with , : or \\ in its name (SNOWFENCE_LAB_DIR is ${dir})`;
  try {
    const flags = ['--mount', '--pid', '--fork', '--uts', '--ipc', '--net'];
    execFileSync('unshare', [...flags, 'sh', '-c', TRIAL, 'trial', dir], { stdio: 'pipe', timeout: 20_000 });
    return undefined;
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString().trim();
    return `namespaces, overlayfs or network cards cannot be made here: ${said || String(error)}`;
  }
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

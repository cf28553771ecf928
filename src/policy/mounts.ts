import { display, unescapeName } from '../core/bytes.ts';
import type { Finding } from '../core/finding.ts';
import { PathTree } from '../core/path-tree.ts';
import type { MountFact } from '../core/running.ts';
import { isExecutable, parseFileValue } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case } from './case.ts';
import { makeFinding } from './make.ts';

const controls = ['NIST 800-53 CM-7', 'NIST 800-53 SI-7'];

/** Where every boot, a container engine or the package manager of snaps mounts something. */
const usual =
  /^\/(proc|sys|dev|run|tmp|mnt|media|snap|lost\+found|var\/(tmp|run|lock)|var\/lib\/(docker|containers|containerd|kubelet|lxcfs|lxd|snapd|machines|portables)|var\/snap)(\/|$)/;
/** What systemd and the engines of containers put over single files: its own machine id, names and name servers. */
const overFiles = /^\/etc\/(machine-id|hostname|hosts|resolv\.conf)$/;
/** Where systemd-gpt-auto-generator(8) mounts the partitions of the boot loader. */
const bootPartition = /^\/(boot|efi|boot\/efi)$/;
/** Data that a server keeps: hiding what the image has there is less grave than hiding a part of the system. */
const data = /^\/(home|srv|var|opt)(\/|$)/;
/** Options that take rights away: without them a mount is not what the image says. */
const restrictions = ['ro', 'noexec', 'nosuid', 'nodev', 'nosymfollow'];

/** An overmount, and how to tell which differences of files it explains. */
export interface JudgedMount {
  finding: Finding;
  /** Where it covers what was there; undefined where it explains no file. */
  over?: string;
}

/** Which of the mounts, the first of several, stands over a file. Costs the path's depth, however many there are. */
export function coverOf(mounts: readonly JudgedMount[]): (key: string) => Finding | undefined {
  const tree = new PathTree(
    mounts.flatMap(({ over, finding }) => (over === undefined ? [] : [[over, finding] as const])),
  );
  return (key) => tree.first(key);
}

/** Mounts that hide what the image has, and mounts of the image's fstab whose restrictions are gone. */
export function judgeMounts(the: Case): JudgedMount[] {
  const declared = declaredMounts(lookup(the.image.contents, '/etc/fstab'));
  // cloud-init adds what the instance was launched with, and marks it; see first-boot/fstab.
  const marked = [...declaredMounts(lookup(the.live.contents, '/etc/fstab'))]
    .filter(([, options]) => options.includes('comment=cloudconfig'))
    .map(([path]) => path);
  const launched = new Set(marked);
  const attached = new Set(the.live.mounts.flatMap((mount) => (mount.attached ? [mount.path] : [])));
  const mounts = the.live.running?.mounts ?? [];
  const root = mounts.find(({ path }) => path === '/')?.type;
  const judged: JudgedMount[] = [];
  for (const mount of mounts) {
    const options = declared.get(mount.path);
    if (options) {
      const weakened = judgeOptions(the, mount, options);
      if (weakened) judged.push({ finding: weakened });
    } else if (
      isUnusual(mount, root) &&
      !attached.has(mount.path) &&
      !launched.has(mount.path) &&
      !hasUnit(the, mount.path)
    ) {
      const over = judgeOver(the, mount);
      if (over) judged.push({ finding: over, over: mount.path });
    }
  }
  return judged;
}

function isUnusual({ path, type }: MountFact, root: string | undefined): boolean {
  if (path === '/' || usual.test(path) || type === 'autofs' || type === 'nsfs') return false;
  if (bootPartition.test(path) && type === 'vfat') return false;
  // A root of layers is a container's, whose engine attaches these; elsewhere only the machine id is ever covered.
  return !(overFiles.test(path) && (root === 'overlay' || path === '/etc/machine-id'));
}

/** fstab(5), canonical text: place -> options. */
function declaredMounts(text: string | undefined): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text === undefined ? [] : unescapeName(text).split('\n')) {
    const [device = '', point = '', type = '', options = 'defaults'] = line.trim().split(/\s+/);
    if (device.startsWith('#') || !point.startsWith('/') || type === '' || type === 'swap') continue;
    const path = point.replace(/\\040/g, ' ').replace(/(.)\/+$/, '$1');
    found.set(path, options.split(','));
  }
  return found;
}

/** Does the image have a mount unit for this place (systemd.mount(5), names as systemd-escape(1) makes them)? */
function hasUnit(the: Case, path: string): boolean {
  const name = unescapeName(path)
    .slice(1)
    .replace(/[^A-Za-z0-9:_./]/g, (c) => `\\\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replaceAll('/', '-');
  return ['/etc', '/usr/lib', '/lib'].some(
    (directory) => lookup(the.image.files, `${directory}/systemd/system/${name}.mount`) !== undefined,
  );
}

/** `1 entry of the image, a program`, `7 entries of the image, 2 of them programs`. */
export function overWords(count: number, programs: number): string {
  const entries = `${count} ${count === 1 ? 'entry' : 'entries'} of the image`;
  if (programs === 0) return entries;
  if (count === 1) return `${entries}, a program`;
  return `${entries}, ${programs === count ? 'all' : programs} of them ${programs === 1 ? 'a program' : 'programs'}`;
}

function judgeOver(the: Case, mount: MountFact): Finding | undefined {
  const { count, programs } = hidden(the, mount.path);
  if (count === 0) return undefined;
  const severity = programs > 0 ? 'critical' : data.test(mount.path) ? 'medium' : 'high';
  const what =
    mount.root === '/'
      ? `a file system (${mount.type})`
      : `${display(mount.root).text} of another place (${mount.type})`;
  return makeFinding(the.instance.id, 'mount', 'added', mount.path, {
    severity: severity === 'critical' && data.test(mount.path) ? 'medium' : severity,
    disposition: 'drift',
    rule: 'mount/over-image',
    reason: `${display(what).text} is mounted over ${overWords(count, programs)}`,
    tamper: severity === 'critical' && !data.test(mount.path),
    controls,
    after: seenMount(mount),
  });
}

/** What of the image stands at this place (a file) or below it. */
function hidden(the: Case, path: string): { count: number; programs: number } {
  const stream = the.image.files;
  const itself = lookup(stream, path);
  if (itself !== undefined && !itself.startsWith('d '))
    return { count: 1, programs: isExecutable(parseFileValue(itself)) ? 1 : 0 };
  let count = 0;
  let programs = 0;
  // Keys below a directory stand together, because `/` sorts the same for all of them.
  const prefix = Buffer.from(`\n${path}/`, 'latin1');
  for (let at = stream.indexOf(prefix); at >= 0; at = stream.indexOf(prefix, at + 1)) {
    count++;
    const nul = stream.indexOf(0, at);
    const end = stream.indexOf(10, at + 1);
    if (isExecutable(parseFileValue(stream.toString('latin1', nul + 1, end < 0 ? stream.length : end)))) programs++;
  }
  return { count, programs };
}

function judgeOptions(the: Case, mount: MountFact, declared: string[]): Finding | undefined {
  const has = new Set([...mount.options, ...mount.superOptions.filter((option) => option === 'ro')]);
  const lost = restrictions.filter((option) => declared.includes(option) && !has.has(option));
  if (lost.length === 0) return undefined;
  return makeFinding(the.instance.id, 'mount', 'changed', mount.path, {
    severity: 'high',
    disposition: 'drift',
    rule: 'mount/options',
    reason: `mounted without ${lost.join(', ')}, which the image's fstab says`,
    controls: ['NIST 800-53 CM-6'],
    before: { options: declared.map((option) => display(option).text) },
    after: seenMount(mount),
  });
}

function seenMount({ type, source, root, options }: MountFact) {
  const shown = (text: string) => display(text).text;
  return { type: shown(type), source: shown(source), root: shown(root), options: options.map(shown) };
}

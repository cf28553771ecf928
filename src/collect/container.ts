import { escapeName, unescapeName } from '../core/bytes.ts';
import type { ContainerFacts } from '../core/container.ts';
import type { Draft } from '../core/draft.ts';
import { Frame } from './frames.ts';
import { processes } from './processes/probe.ts';
import { sockets } from './sockets/probe.ts';

/**
 * Puts into a draft what the runtime of a container knows: which paths are not the image's but were attached when the
 * container was made, and that rules for containers concern it (`os: [container]`). Data that was attached is left out,
 * as a mounted disk is; the runtime's own init may run.
 */
export function applyContainer(draft: Draft, container: ContainerFacts): void {
  const mounts = container.mounts.map((mount) => ({ ...mount, path: escapeName(mount.path) }));
  const data = mounts.filter(({ kind }) => kind !== 'file').map(({ path }) => path);
  const attached = (key: string): boolean => data.some((path) => key === path || key.startsWith(`${path}/`));
  draft.fileLines = draft.fileLines.filter((line) => !attached(line.slice(0, line.indexOf('\0'))));
  for (const facts of [draft.contents, draft.modified]) {
    for (const key of facts.keys()) if (attached(key)) facts.delete(key);
  }
  const known = new Set(mounts.map(({ path }) => path));
  draft.mounts = draft.mounts.filter(({ path }) => !known.has(path));
  for (const { path, type } of mounts) draft.mounts.push({ path, type, attached: true });
  const programs = new Set(mounts.filter(({ kind }) => kind === 'program').map(({ path }) => path));
  if (draft.processes) draft.processes = draft.processes.filter(({ exe }) => !programs.has(exe));
  const { libraries } = draft.running;
  if (libraries) draft.running.libraries = libraries.filter(({ path }) => !programs.has(path) && !attached(path));
  const hosts = draft.contents.get('/etc/hosts');
  if (hosts !== undefined) draft.contents.set('/etc/hosts', withoutConfigured(hosts, container.hosts));
  draft.os.like = [...draft.os.like, 'container'];
  draft.os.identity = container.id;
  draft.os.hostname ||= container.hostname;
}

const privateAddress = /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:)[0-9a-f.:]+$/;

/** The text of /etc/hosts (canonical) without the lines that the container's configuration explains. */
function withoutConfigured(text: string, configured: ContainerFacts['hosts']): string {
  const lines = unescapeName(text).split('\n');
  const left = lines.filter((line) => {
    const [address = '', ...names] = line.trim().split(/\s+/);
    return !configured.some(
      (one) =>
        names.length > 0 &&
        names.every((name) => one.names.includes(name)) &&
        (one.address === '' ? privateAddress.test(address) : one.address === address),
    );
  });
  return escapeName(left.join('\n'));
}

/** Replaces what a container said of its processes and sockets, or could not say, by what the kernel shows from outside. */
export function applyOutside(draft: Draft, seen: { processes: Buffer; sockets: Buffer }): void {
  for (const probe of [processes, sockets]) {
    draft.gaps = draft.gaps.filter((gap) => gap.probe !== probe.name);
    draft.partial.delete(probe.name);
    probe.parse(new Frame(probe.name, seen[probe.name as 'processes' | 'sockets']), draft);
  }
  // Engines take from root in a container what it takes to look into other accounts' processes: every container with such a
  // one would never be clean. What these are is seen from outside; what they load is not looked at (docs/transports.md).
  draft.gaps = draft.gaps.filter((gap) => gap.probe !== 'traits' || gap.reason !== 'permission');
}

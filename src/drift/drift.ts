import { display } from '../core/bytes.ts';
import type { Fingerprint, Gap } from '../core/facts.ts';
import type { Drift } from '../core/finding.ts';
import { PathTree } from '../core/path-tree.ts';

import { differInCapabilities, differingExtra, parseFileValue } from '../fingerprint/files.ts';
import { Below } from './below.ts';
import { driftOf } from './merge.ts';
import { coveredGaps, Unknown } from './unknown.ts';

/** All differences between an image and an instance, and what could not be compared. */
export interface Comparison {
  drifts: Drift[];
  /** Gaps that only the comparison can see, e.g. image paths under a mount. */
  gaps: Gap[];
}

/** Most files that are judged: an upgrade of a whole system is about as much, and a server with more is to be replaced anyway. */
const mostDrifts = 100_000;

/** Most packages, accounts and sockets that are judged, of each. */
const mostOfOthers = 20_000;

/** Pure: image against instance. Unknown on either side is never a difference. */
export function compare(image: Fingerprint, live: Fingerprint): Comparison {
  const unknown = new Unknown(live);
  const hidden = new Map<string, { type: string; count: number }>();
  const drifts: Drift[] = [];
  const gaps: Gap[] = [];
  const outOfScope = new Below([...image.excluded, ...live.excluded]);
  const attached = live.mounts.filter((mount) => mount.attached).map(({ path }) => path);
  const mounts = new PathTree(live.mounts.map((mount) => [mount.path, mount] as const));
  const onFiles = new Map(live.mounts.flatMap((mount) => (mount.attached ? [] : [[mount.path, mount] as const])));
  // What a container's runtime attached is known to be there.
  const hiding = ({ key, before = '' }: Drift) => (before.startsWith('d ') ? undefined : onFiles.get(key));
  for (const drift of driftOf('files', image.files, live.files)) {
    if (outOfScope.has(drift.key)) continue;
    if (attached.length > 0 && drift.change === 'added' && leadsToMount(drift, attached)) continue;
    if (drift.change === 'removed' && unknown.mayBeThere(drift.key)) {
      const mount = mounts.first(drift.key, true) ?? hiding(drift);
      if (mount) {
        const entry = hidden.get(mount.path) ?? { type: mount.type, count: 0 };
        entry.count++;
        hidden.set(mount.path, entry);
      }
      continue;
    }
    if (drift.change === 'changed' && !knownDifference(drift.before ?? '', drift.after ?? '')) continue;
    if (drifts.length === mostDrifts) {
      const detail = `more than ${mostDrifts} files differ; those behind ${display(drift.key).text} were not judged`;
      gaps.push({ probe: 'files', reason: 'limit', detail });
      break;
    }
    drifts.push(drift);
  }
  for (const stream of ['packages', 'accounts', 'sockets'] as const) {
    const [before, after] = [image[stream], live[stream]];
    const found = before && after ? plain(stream, before, after, { image, live }) : [];
    if (found.length > mostOfOthers) {
      const detail = `more than ${mostOfOthers} ${stream} differ; the others were not judged`;
      gaps.push({ probe: stream, reason: 'limit', detail });
    }
    for (const drift of found.slice(0, mostOfOthers)) if (!isUnknownPassword(drift)) drifts.push(drift);
  }
  return { drifts, gaps: [...gaps, ...coveredGaps(hidden)] };
}

interface Sides {
  image: Fingerprint;
  live: Fingerprint;
}

/** What the instance could not tell to its end is not removed; what the image's own database could not is not added. */
function plain(
  stream: 'packages' | 'accounts' | 'sockets',
  before: Buffer,
  after: Buffer,
  { image, live }: Sides,
): Drift[] {
  const unknown = {
    removed: live.partial.includes(stream),
    added: image.gaps.some(({ probe, reason }) => probe === stream && reason === 'unsupported'),
    changed: false,
  };
  return driftOf(stream, before, after, mostOfOthers, (change) => !unknown[change]);
}

/** A plain directory that a container's runtime made on the way to what it mounts there. */
function leadsToMount({ key, after = '' }: Drift, attached: string[]): boolean {
  const { type, mode, uid, gid } = parseFileValue(after);
  if (type !== 'd' || Number.parseInt(mode, 8) !== 0o755 || uid !== '0' || gid !== '0') return false;
  return attached.some((path) => path.startsWith(`${key}/`));
}

/** Do two file values differ in something that both sides know? */
function knownDifference(before: string, after: string): boolean {
  const a = parseFileValue(before);
  const b = parseFileValue(after);
  if (a.type !== b.type || a.link !== b.link || a.uid !== b.uid || a.gid !== b.gid) return true;
  // The mode of a symbolic link means nothing, and file systems make it up.
  if (a.type !== 'l' && Number.parseInt(a.mode, 8) !== Number.parseInt(b.mode, 8)) return true;
  const differs = (x: string, y: string) => x !== y && x !== '?' && y !== '?';
  if (differingExtra(a.extra, b.extra).length > 0) return true;
  return differs(a.size, b.size) || differs(a.sha256, b.sha256) || differInCapabilities(a, b);
}

/** The same account where only the password's state is not known on one side. */
function isUnknownPassword(drift: Drift): boolean {
  if (drift.stream !== 'accounts' || drift.change !== 'changed' || !drift.key.startsWith('user ')) return false;
  const before = (drift.before ?? '').split('\t');
  const after = (drift.after ?? '').split('\t');
  const last = before.length - 1;
  return (
    (before[last] === '?' || after[last] === '?') &&
    before.slice(0, last).join('\t') === after.slice(0, last).join('\t')
  );
}

import { escapeName } from '../../core/bytes.ts';

/** Links that say which revision of a snap, or which commit of a flatpak, is in use: path -> target. */
export type BundleLinks = ReadonlyMap<string, string>;

const snapCurrent = /^\/(?:var\/lib\/snapd\/)?snap\/([^/]+)\/current$/;
const snapFile = /^\/var\/lib\/snapd\/snaps\/([^/_]+(?:_[^/_]+)?)_([^/_]+)\.snap$/;
const flatpakActive = /^\/var\/lib\/flatpak\/(?:app|runtime)\/([^/]+)\/([^/]+\/[^/]+)\/active$/;

/** Is the target of this link needed? */
export function isBundleLink(path: string): boolean {
  return snapCurrent.test(path) || flatpakActive.test(path);
}

/** Is this the file of a snap? */
export function isSnapFile(path: string): boolean {
  return snapFile.test(path);
}

/**
 * `snap NAME` -> revision in use and those that are kept beside it (`5163, kept 4967`); `flatpak ID` ->
 * `ARCH/BRANCH COMMIT`, several joined by comma.
 */
export function bundleFacts(links: BundleLinks, snapFiles: Iterable<string>): Map<string, string> {
  const current = new Map<string, string>();
  const flatpaks = new Map<string, string[]>();
  for (const [path, target] of links) {
    const snap = snapCurrent.exec(path)?.[1];
    if (snap) current.set(snap, target.slice(target.lastIndexOf('/') + 1));
    const [, id, branch] = flatpakActive.exec(path) ?? [];
    if (id && branch) flatpaks.set(id, [...(flatpaks.get(id) ?? []), `${branch} ${target.slice(0, 12)}`]);
  }
  const kept = new Map<string, string[]>();
  for (const path of snapFiles) {
    const [, name, revision] = snapFile.exec(path) ?? [];
    if (name && revision) kept.set(name, [...(kept.get(name) ?? []), revision]);
  }
  const facts = new Map<string, string>();
  for (const name of new Set([...current.keys(), ...kept.keys()])) {
    const used = current.get(name);
    const beside = [...new Set(kept.get(name))].filter((revision) => revision !== used).sort();
    const told = `${used ?? 'disabled'}${beside.length > 0 ? `, kept ${beside.join(' ')}` : ''}`;
    facts.set(`snap ${escapeName(name)}`, escapeName(told));
  }
  for (const [id, list] of flatpaks)
    facts.set(`flatpak ${escapeName(id)}`, escapeName([...new Set(list)].sort().join(',')));
  return facts;
}

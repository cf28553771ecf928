import { escapeName } from '../core/bytes.ts';
import type { Draft } from '../core/draft.ts';
import type { Fingerprint } from '../core/facts.ts';
import { aliasResolver } from './alias.ts';
import { isAltered } from './shipped.ts';
import { encodeLines, encodeStream, mergeStreams } from './stream.ts';

/** Directories that are out of scope by definition: they change with every boot or hold no code and no configuration. */
export const excluded = [
  '/dev',
  '/lost+found',
  '/media',
  '/mnt',
  '/proc',
  '/run',
  '/swap.img',
  '/swapfile',
  '/sys',
  '/tmp',
  '/var/cache',
  '/var/log',
  '/var/tmp',
];

/** Puts what the probes brought into canonical order. */
export function buildFingerprint(draft: Draft): Fingerprint {
  const odd = encodeLines(draft.fileLines);
  const files = draft.fileStream ? mergeStreams(draft.fileStream, odd) : odd;
  const resolve = aliasResolver(files);
  const owned = new Map<string, string>();
  for (const [path, owner] of draft.owned) owned.set(resolve(escapeName(path)), owner);
  const altered = new Set([...draft.altered].map((path) => resolve(escapeName(path))));
  const idOf = (kind: string, name: string) => draft.accounts.get(`${kind} ${name}`)?.split('\t')[0];
  for (const [path, shipped] of draft.shipped) {
    const key = resolve(escapeName(path));
    if (isAltered(files, key, shipped, idOf)) altered.add(key);
  }
  const recentOwner = new Map([...owned].map(([path, owner]) => [path, owner.split(' ')[0] ?? '']));
  return {
    os: draft.os,
    excluded,
    files,
    packages: encodeStream(draft.packages),
    owned: encodeStream(owned),
    accounts: encodeStream(draft.accounts),
    ...(draft.sockets ? { sockets: encodeStream(draft.sockets) } : {}),
    contents: encodeStream(draft.contents),
    ...(draft.running.kernel ? { settings: encodeStream(draft.running.kernel.settings) } : {}),
    ...(draft.processes ? { processes: draft.processes } : {}),
    ...(Object.keys(draft.running).length > 0 ? { running: draft.running } : {}),
    root: draft.root,
    modified: draft.modified,
    recent: { owner: recentOwner, altered },
    ...(draft.deeds ? { deeds: draft.deeds } : {}),
    mounts: draft.mounts,
    partial: [...draft.partial],
    newestPackageAt: draft.newestPackageAt,
    changing: draft.changing,
    inodes: draft.inodes,
    reading: {
      depth: draft.fileStream ? (draft.ask?.depth ?? 'full') : 'full',
      answerBytes: draft.answerBytes,
      ...(draft.hashed && draft.ask?.depth !== 'full' ? { hashed: draft.hashed } : {}),
      ...(draft.sweep ? { sweep: draft.sweep } : {}),
      origins: draft.origins,
    },
    readAt: draft.readAt,
    gaps: draft.gaps,
  };
}

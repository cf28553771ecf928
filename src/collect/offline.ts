import { escapeName } from '../core/bytes.ts';
import { Draft } from '../core/draft.ts';
import type { ImageTree } from '../core/ports.ts';
import { parseAccounts, shadowStates } from './accounts/parse.ts';
import { isPublicConfiguration, kept, mayBeKept } from './contents/secrets.ts';
import { imageHints, parseOsRelease } from './os/probe.ts';
import { isPackageDatabase, readPackages } from './packages/tree.ts';

/** Files beside the package databases that are read whole from an image, because the parsers need them. */
const databases = /^\/(etc\/(passwd|group|shadow)|(usr\/lib|etc)\/os-release)$/;

/** Files of an image whose content the parsers want. */
export function wantedFromImage(path: string, size: number, mode: number): boolean {
  if (isPackageDatabase(path, size)) return true;
  return size <= 64 * 1024 * 1024 && (databases.test(path) || isPublicConfiguration(path, size, mode));
}

/** An image's tree to the same facts that the program brings from an instance, by the same parsers. */
export function draftOfTree(tree: ImageTree, excluded: readonly string[]): Draft {
  const draft = new Draft('/');
  const inScope = (path: string) => !excluded.some((e) => path === e || path.startsWith(`${e}/`));
  for (const e of tree.entries.values()) {
    if (!inScope(e.path)) continue;
    const size = e.type === 'f' ? String(e.size) : '-';
    const link = e.type === 'l' ? ` ${escapeName(e.link)}` : '';
    const sum = e.type === 'f' ? e.sha256 : '-';
    const attributes = [e.capabilities, e.links ? `links=${e.links}` : ''].filter(Boolean).join('+') || '-';
    if (e.inode) draft.inodes.set(escapeName(e.path), e.inode);
    draft.fileLines.push(
      `${escapeName(e.path)}\0${e.type} ${e.mode.toString(8)} ${e.uid} ${e.gid} ${size} ${sum} ${attributes}${link}`,
    );
  }
  const text = (path: string) => tree.contents.get(path)?.toString('latin1') ?? '';
  readPackages(tree, draft);
  draft.accounts = parseAccounts(
    text('/etc/passwd'),
    text('/etc/group'),
    tree.contents.has('/etc/shadow') ? shadowStates(text('/etc/shadow')) : undefined,
  );
  const release = parseOsRelease(text('/etc/os-release') || text('/usr/lib/os-release'));
  draft.os = {
    ...draft.os,
    id: (release.get('ID') ?? '').toLowerCase(),
    like: (release.get('ID_LIKE') ?? '').toLowerCase().split(/\s+/).filter(Boolean),
    version: release.get('VERSION_ID') ?? '',
    pretty: release.get('PRETTY_NAME') ?? '',
    imageHints: imageHints(release, ''),
  };
  const homes = new Set(
    text('/etc/passwd')
      .split('\n')
      .map((line) => (line.split(':')[5] ?? '').replace(/\/+$/, '')),
  );
  for (const [path, bytes] of tree.contents) {
    const entry = tree.entries.get(path);
    const content = bytes.toString('latin1');
    if (
      !entry ||
      content.includes('\0') ||
      !isPublicConfiguration(path, entry.size, entry.mode, homes) ||
      !mayBeKept(path, content)
    )
      continue;
    if (content !== '') draft.contents.set(escapeName(path), escapeName(kept(path, content)));
  }
  return draft;
}

import type { TreeEntry } from '../../../src/core/ports.ts';

const types: Record<string, TreeEntry['type']> = { file: 'f', dir: 'd', link: 'l', block: 'b', char: 'c', fifo: 'p' };

/** Reads umoci's mtree file (format: mtree(5), names in vis(3) form) as the entries that a source should give. */
export function parseMtree(text: string): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  const directories: string[] = [];
  let defaults: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [name = '', ...words] = line.trim().split(' ');
    const fields = Object.fromEntries(words.map((word) => [word.replace(/=.*/, ''), word.replace(/^[^=]*=/, '')]));
    if (name === '/set') defaults = fields;
    else if (name === '..') directories.pop();
    else if (name !== '' && !name.startsWith('#')) {
      const known = { ...defaults, ...fields };
      const path = directories.length === 0 ? '/' : `${directories.slice(1).join('')}/${unvis(name)}`;
      if (known['type'] === 'dir') directories.push(path === '/' ? '' : `/${unvis(name)}`);
      entries.set(path, entryOf(path, known));
    }
  }
  return entries;
}

function entryOf(path: string, known: Record<string, string>): TreeEntry {
  const type = types[known['type'] ?? ''];
  if (!type) throw new Error(`unknown mtree type of ${path}`);
  return {
    path,
    type,
    mode: Number.parseInt(known['mode'] ?? '', 8),
    uid: Number(known['uid']),
    gid: Number(known['gid']),
    size: type === 'f' ? Number(known['size']) : 0,
    sha256: known['sha256digest'] ?? '',
    capabilities: Buffer.from(known['xattr.security.capability'] ?? '', 'base64').toString('hex'),
    link: unvis(known['link'] ?? ''),
    mtime: Math.floor(Number(known['tar_time'])),
  };
}

/** `\040` and `\\` to raw latin1. */
function unvis(text: string): string {
  return text.replace(/\\(?:([0-7]{3})|(.))/g, (_, octal?: string, char?: string) =>
    octal ? String.fromCharCode(Number.parseInt(octal, 8)) : (char ?? ''),
  );
}

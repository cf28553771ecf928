import { escapeName } from '../../core/bytes.ts';

/**
 * apk's `installed` database (wiki.alpinelinux.org/wiki/Apk_spec): stanzas with P name, V version, F directory,
 * R file, Z checksum (`Q1` + base64 of sha1).
 */
export function parseApk(text: string): { packages: Map<string, string>; owned: Map<string, string> } {
  const packages = new Map<string, string>();
  const owned = new Map<string, string>();
  let name = '';
  let directory = '';
  let file = '';
  for (const line of text.split('\n')) {
    const value = line.slice(2);
    if (line === '') name = directory = file = '';
    else if (line.startsWith('P:')) name = value;
    else if (line.startsWith('V:') && name) packages.set(`apk ${escapeName(name)}`, escapeName(value));
    else if (line.startsWith('F:')) {
      directory = value;
      if (value && name) owned.set(`/${value}`, `${escapeName(name)} -`);
    } else if (line.startsWith('R:') && name) {
      file = directory ? `/${directory}/${value}` : `/${value}`;
      owned.set(file, `${escapeName(name)} -`);
    } else if (line.startsWith('Z:') && file) owned.set(file, `${escapeName(name)} ${escapeName(value)}`);
  }
  return { packages, owned };
}

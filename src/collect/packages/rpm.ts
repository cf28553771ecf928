import { escapeName } from '../../core/bytes.ts';

/** RPMFILE_CONFIG and RPMFILE_GHOST of rpm's rpmfiles.h. */
const configFlag = 1;
const ghostFlag = 64;

/**
 * `name TAB [epoch:]version-release TAB arch TAB installtime` lines to packages. The same name may be installed in
 * several versions (kernel, gpg-pubkey): they are one fact with all versions, sorted.
 */
export function parseRpm(text: string): { packages: Map<string, string>; newest: number } {
  const versions = new Map<string, string[]>();
  let newest = 0;
  for (const line of text.split('\n')) {
    const [name, version, , installed] = line.split('\t');
    if (!name || !version) continue;
    const key = `rpm ${escapeName(name)}`;
    versions.set(key, [...(versions.get(key) ?? []), version]);
    const at = Number(installed);
    if (Number.isFinite(at)) newest = Math.max(newest, at);
  }
  return { packages: new Map([...versions].map(([key, list]) => [key, escapeName(list.sort().join(','))])), newest };
}

/** `installtime TAB package TAB flags TAB digest TAB path` lines to ownership; ghosts have no content to speak of. */
export function parseRpmFiles(text: string): Map<string, string> {
  const owned = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, flags, digest, ...path] = line.split('\t');
    if (!name || path.length === 0) continue;
    const bits = Number(flags) || 0;
    const sum = digest && !(bits & ghostFlag) ? digest : '-';
    owned.set(path.join('\t'), `${escapeName(name)} ${sum}${bits & configFlag ? ' conffile' : ''}`);
  }
  return owned;
}

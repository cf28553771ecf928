import { escapeName } from '../../core/bytes.ts';

/** A file of other packages that dpkg puts elsewhere (dpkg-divert(1)). */
export interface Diversion {
  from: string;
  to: string;
  /** Whose own file stays at `from`; empty: nobody's (a local diversion). */
  by: string;
}

/** `diversions`: three lines each, where from, where to, and by which package (`:` = by the administrator). */
export function parseDiversions(text: string): Diversion[] {
  const lines = text.split('\n');
  const found: Diversion[] = [];
  for (let at = 0; at + 2 < lines.length; at += 3) {
    const [from = '', to = '', by = ''] = lines.slice(at, at + 3);
    if (from.startsWith('/') && to.startsWith('/') && by) found.push({ from, to, by: by === ':' ? '' : by });
  }
  return found;
}

/** What dpkg's three files of settings say. */
export interface DpkgSettings {
  diversions: string;
  /** `user group mode path` lines (dpkg-statoverride(1)). */
  statoverride: string;
  /** Architectures, one a line; there only where foreign ones are or were allowed. */
  arch: string;
}

/**
 * Settings of dpkg as facts: `dpkg-diversion FROM` -> `PACKAGE|local TO`, `dpkg-statoverride PATH` -> `user group mode`,
 * `dpkg-arch NAME` for each architecture but the native one.
 */
export function settingsOfDpkg(settings: DpkgSettings, native: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const { from, to, by } of parseDiversions(settings.diversions))
    facts.set(`dpkg-diversion ${escapeName(from)}`, escapeName(`${by || 'local'} ${to}`));
  for (const line of settings.statoverride.split('\n')) {
    const match = /^(\S+ \S+ [0-7]{1,5}) (\/.*)$/.exec(line);
    if (match?.[1] && match[2]) facts.set(`dpkg-statoverride ${escapeName(match[2])}`, escapeName(match[1]));
  }
  for (const line of settings.arch.split('\n')) {
    const name = line.trim();
    if (name && name !== native) facts.set(`dpkg-arch ${escapeName(name)}`, '-');
  }
  return facts;
}

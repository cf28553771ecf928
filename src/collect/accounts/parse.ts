import { createHash } from 'node:crypto';
import { escapeName } from '../../core/bytes.ts';

/** `name:status:digest` as the program says it, into the map name -> `status digest`. */
export function parseShadow(line: string, into: Map<string, string>): void {
  const [name, status, digest] = line.split(':');
  // The first line of a name is the one that counts for login(1).
  if (!name || !status || digest === undefined || into.has(name)) return;
  // A password is set and there is no hasher: which one is unknown.
  into.set(name, digest === '?' ? '?' : `${status} ${digest}`);
}

/** The same from the file itself: for images, which are read by us. The digest stands for the secret, which is not kept. */
export function shadowStates(text: string): Map<string, string> {
  const states = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name, password] = line.split(':');
    if (!name || password === undefined || states.has(name)) continue;
    const locked = password.startsWith('!') || password.startsWith('*');
    const status = password === '' ? 'none' : locked ? 'locked' : 'set';
    const digest = status === 'set' ? createHash('sha256').update(password, 'latin1').digest('hex') : '-';
    states.set(name, `${status} ${digest}`);
  }
  return states;
}

/**
 * passwd(5) and group(5) to records `user NAME` / `group NAME` -> tab-separated fields:
 * user: uid, gid, gecos, home, shell, password state; group: gid, members (sorted, comma-separated).
 * Without `shadow` the password state is `?` (unknown), which equals everything and proves nothing.
 */
export function parseAccounts(
  passwd: string,
  group: string,
  shadow: Map<string, string> | undefined,
): Map<string, string> {
  const found = new Map<string, string>();
  const entries = new Map<string, number>();
  // The first line of a name counts for the system; a further one is an entry of its own, so that it cannot hide behind it.
  const put = (name: string, fields: string[]) => {
    const entry = (entries.get(name) ?? 0) + 1;
    entries.set(name, entry);
    const key = entry === 1 ? escapeName(name) : `${escapeName(name)} (entry ${entry})`;
    found.set(key, fields.map((f) => escapeName(f.replaceAll('\t', ' '))).join('\t'));
  };
  for (const line of passwd.split('\n')) {
    const [name, password, uid, gid, gecos, home, shell] = line.split(':');
    if (!name || uid === undefined) continue;
    put(`user ${name}`, [uid, gid ?? '', gecos ?? '', home ?? '', shell ?? '', stateOf(name, password ?? '', shadow)]);
  }
  for (const line of group.split('\n')) {
    const [name, , gid, members] = line.split(':');
    if (!name || gid === undefined) continue;
    put(`group ${name}`, [gid, (members ?? '').split(',').filter(Boolean).sort().join(',')]);
  }
  return found;
}

/** `x` in passwd refers to shadow; anything else is the password itself (an old and bad habit, so it is said). */
function stateOf(name: string, password: string, shadow: Map<string, string> | undefined): string {
  if (password === '') return 'none -';
  if (password !== 'x') return password.startsWith('*') || password.startsWith('!') ? 'locked -' : 'in-passwd -';
  if (!shadow) return '?';
  return shadow.get(name) ?? 'missing -';
}

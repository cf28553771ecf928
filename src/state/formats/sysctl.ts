import { unescapeName } from '../../core/bytes.ts';
import type { Format, Reading } from '../format.ts';
import { precedence } from '../precedence.ts';
import { Facts, hashOrSemicolon, lines, squeeze } from '../text.ts';

/** sysctl.d(5): the last value of a name counts; `/` and `.` may be changed for each other, a leading `-` forgives errors. */
export const sysctl: Format = {
  name: 'sysctl',
  about: 'kernel settings made at start (the last counts)',
  paths: ['/etc/sysctl.conf', '{/etc,/usr/local/lib,/usr/lib,/lib}/sysctl.d/*.conf'],
  comment: hashOrSemicolon,
  facts(file) {
    const found = new Facts('last');
    for (const line of lines(file.text, hashOrSemicolon)) {
      const [, key = '', value = ''] = /^-?\s*([A-Za-z0-9_./*-]+)\s*=\s*(.*)$/.exec(line) ?? [];
      // The first separator says which of the two it is.
      const name =
        key.search(/[./]/) === key.indexOf('/') && key.includes('/')
          ? key.replace(/[./]/g, (c) => (c === '/' ? '.' : '/'))
          : key;
      if (name !== '')
        found.put({
          kind: 'setting',
          subject: `sysctl ${name}`,
          value: squeeze(value),
          reason: "it sets the kernel's behaviour",
        });
    }
    return found.list();
  },
  inForce(facts, reading) {
    const read = facts.filter(({ path }) => !isMasked(unescapeName(path), reading));
    return precedence(read, 'last', ({ path }) => rank(unescapeName(path)));
  },
};

/** Where a file of the same name hides one, nearest first (sysctl.d(5)). */
const directories = ['/etc/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d'];

function isMasked(path: string, { has }: Reading): boolean {
  const at = path.lastIndexOf('/');
  const place = directories.indexOf(path.slice(0, at));
  return directories.slice(0, Math.max(place, 0)).some((directory) => has(directory + path.slice(at)));
}

/** By name, whatever their directory; sysctl.conf is read last by procps, and by systemd as 99-sysctl.conf. */
function rank(path: string): string {
  return path === '/etc/sysctl.conf' ? '\xff' : path.slice(path.lastIndexOf('/') + 1);
}

import type { Format } from '../format.ts';
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
};

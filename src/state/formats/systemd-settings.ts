import type { Format } from '../format.ts';
import { precedence } from '../precedence.ts';
import { baseName, Facts, hashOrSemicolon, ini } from '../text.ts';

/** systemd-system.conf(5), journald.conf(5), logind.conf(5), resolved.conf(5), timesyncd.conf(5) and their drop-ins. */
export const systemdSettings: Format = {
  name: 'systemd-settings',
  about: 'settings of systemd and its daemons',
  paths: ['/etc/systemd/*.conf', '/etc/systemd/*.conf.d/*.conf'],
  comment: hashOrSemicolon,
  facts(file) {
    const daemon = baseName(file.path.replace(/\.conf\.d\/[^/]*$/, '')).replace(/\.conf$/, '');
    const found = new Facts();
    for (const [, key, value] of ini(file.text))
      found.put({
        kind: 'setting',
        subject: `systemd ${daemon} ${key}`,
        value,
        reason: `it decides how ${daemon} of systemd works`,
      });
    return found.list();
  },
  inForce(facts) {
    // Drop-ins count before the file, and of these the last by name (systemd-system.conf(5)).
    return precedence(facts, 'last', ({ path }) => rank(path));
  },
};

function rank(path: string): string {
  return /\.conf\.d\//.test(path) ? `1 ${baseName(path)}` : '0';
}

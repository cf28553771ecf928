import type { Format, SeenFile } from '../format.ts';
import { baseName, bytesOf, command, directory, Facts, hashOrSemicolon, ini, lines, logical } from '../text.ts';

/** interfaces(5), systemd.network(5), ifcfg of initscripts; netplan and NetworkManager by their digests, for they may hold passwords. */
export const network: Format = {
  name: 'network',
  about:
    'interfaces with their commands (ifupdown), systemd-networkd, ifcfg; netplan and NetworkManager connections by name',
  paths: [
    '/etc/network/interfaces',
    '/etc/network/interfaces.d/*',
    '/etc/network/{if-up.d,if-down.d,if-pre-up.d,if-post-down.d}/*',
    '/etc/systemd/network/*.{network,netdev,link}',
    '/etc/sysconfig/network-scripts/{ifcfg,route,route6,rule}-*',
    '/etc/netplan/*.yaml',
    '/etc/NetworkManager/{system-connections,dispatcher.d}/*',
  ],
  comment: hashOrSemicolon,
  facts(file) {
    const name = baseName(file.path);
    const one = (subject: string, value: string | string[], reason: string) => [
      { kind: 'setting', subject, value, reason } as const,
    ];
    if (/\.d$/.test(directory(file.path)) && !file.path.includes('/interfaces.d/'))
      return one(
        `network script ${name} of ${baseName(directory(file.path))}`,
        bytesOf(file),
        'it runs as root when an interface goes up or down',
      );
    if (file.path.startsWith('/etc/network/')) return interfaces(file);
    const reason = 'it decides how the server is connected';
    if (file.path.startsWith('/etc/systemd/') && file.text !== undefined)
      return one(
        `network configuration ${name}`,
        [...ini(file.text)].map(([section, key, value]) => `${section}.${key}=${command(value)}`),
        reason,
      );
    if (file.path.includes('/network-scripts/') && file.text !== undefined)
      return one(`network configuration ${name}`, lines(file.text).map(command).sort(), reason);
    return one(`network configuration ${name}`, bytesOf(file), reason);
  },
};

function interfaces(file: SeenFile) {
  const found = new Facts('all');
  let stanza = '';
  for (const line of logical(file.text)) {
    const [word = '', ...rest] = line.split(/\s+/);
    if (/^(auto|allow-[a-z]+|source|source-directory|no-auto-down|no-scripts|rename)$/.test(word)) {
      stanza = '';
      found.put({
        kind: 'setting',
        subject: `interfaces ${word}`,
        value: [rest.join(' ')],
        reason: 'it decides which interfaces go up',
        minor: true,
      });
      continue;
    }
    if (/^(iface|mapping|template)$/.test(word)) stanza = `interface ${rest.join(' ')}`;
    if (stanza === '') continue;
    const runs = /^((pre-|post-)?(up|down)|script)$/.test(word);
    const reason = runs
      ? 'it runs a command as root when the interface goes up or down'
      : 'it decides how the server is connected';
    found.put({
      kind: 'setting',
      subject: stanza,
      value: stanza === `interface ${rest.join(' ')}` ? [] : [command(line)],
      reason,
    });
  }
  return found.list();
}

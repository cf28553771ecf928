import type { Format } from '../format.ts';
import { fingerprintOf, readKeyLine } from '../ssh-key.ts';
import { Facts, hash, lines } from '../text.ts';

/** The public halves of a server's own keys. */
export const sshHostKeys: Format = {
  name: 'ssh-host-keys',
  about: 'SHA256 fingerprints of the host keys of sshd',
  paths: ['/etc/ssh/ssh_host_*.pub'],
  comment: hash,
  facts(file) {
    const found = new Facts();
    for (const line of lines(file.text)) {
      const key = readKeyLine(line);
      if (key)
        found.put({
          kind: 'key',
          subject: `host key ${fingerprintOf(key.blob)}`,
          value: key.type,
          reason: 'it is the identity of the server',
        });
    }
    return found.list();
  },
};

import type { Format } from '../format.ts';
import { fingerprintOf, readKeyLine } from '../ssh-key.ts';
import { baseName, command, Facts, hash, lines } from '../text.ts';

/** authorized_keys of sshd(8). Of a key there is its digest, its type, its options and whether it has a comment: never more. */
export const authorizedKeys: Format = {
  name: 'authorized-keys',
  about: 'keys that may log in, by account: SHA256 fingerprint, type, options',
  paths: ['~/.ssh/authorized_keys{,2}', '/etc/ssh/authorized_keys{,.d}/*'],
  comment: hash,
  facts(file) {
    const account = file.account || baseName(file.path);
    const found = new Facts('all');
    for (const line of lines(file.text)) {
      const key = readKeyLine(line);
      if (!key) continue;
      const authority = /(^|,)cert-authority(,|$)/i.test(key.options);
      const value = [
        key.type,
        key.options === '' ? '' : `options ${command(key.options)}`,
        key.comment === '' ? '' : 'commented',
      ];
      found.put({
        kind: 'key',
        subject: `authorized key of ${account} ${fingerprintOf(key.blob)}`,
        value: value.filter((v) => v !== '').join(', '),
        reason: authority
          ? `whoever has a certificate of this authority can log in as ${account}`
          : `whoever holds this key can log in as ${account}`,
        // Wherever the home is.
        severity: 'high',
        publicKey: key.blob,
      });
    }
    return found.list();
  },
};
